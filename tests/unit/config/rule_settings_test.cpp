#include "config/rule_settings.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>

using namespace gridtwin;

namespace {

std::string with(std::string_view from, std::string_view to) {
  std::string text(built_in_rule_settings());
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

bool refused_for(const std::string& toml, std::string_view what) {
  const auto parsed = parse_rule_settings(toml, "mine.toml");
  REQUIRE(!parsed);
  const std::string& message = parsed.failure().message;
  CAPTURE(message);
  CHECK(message.find("mine.toml") != std::string::npos);
  return message.find(what) != std::string::npos;
}

} // namespace

TEST_CASE("rule_settings: what is built in says what the program's defaults say") {
  const auto settings = parse_rule_settings(built_in_rule_settings(), "built in");
  REQUIRE(settings);
  CHECK(*settings == rule_settings{});
  CHECK(settings->energy == rule_limits{}.energy);
  CHECK(settings->energy[index_of(connection_type::whole_current)][0] == energy_limit{60'000, 34'500});
  CHECK(settings->drift_tolerance_s == 0);
}

TEST_CASE("rule_settings: the example is what is built in") {
  std::ifstream in(GRIDTWIN_SOURCE_DIR "/config/examples/rules.toml");
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  CHECK(text == built_in_rule_settings());
}

TEST_CASE("rule_settings: VA-06 limits by connection type, and by segment where it has its own") {
  const auto settings = parse_rule_settings(
    with("alarm_wh = 34500\n", "alarm_wh = 34500\n[limits.W.A]\nmaximum_wh = 75000\nalarm_wh = 50000\n"), "mine.toml");
  REQUIRE(settings);
  rule_limits limits;
  limits.energy = settings->energy;
  CHECK(limits.of(connection_type::whole_current, market_segment::smart) == energy_limit{60'000, 34'500});
  CHECK(limits.of(connection_type::whole_current, market_segment::advanced) == energy_limit{75'000, 50'000});
  CHECK(limits.of(connection_type::whole_current, market_segment::unmetered) == energy_limit{60'000, 34'500});
  CHECK(limits.of(connection_type::low_voltage, market_segment::advanced) == energy_limit{1'000'000, 500'000});
}

TEST_CASE("rule_settings: VA-12 what a feeder may sum; a pack without that table holds feeders to nothing") {
  const auto built_in = parse_rule_settings(built_in_rule_settings(), "built in");
  REQUIRE(built_in);
  CHECK(built_in->feeders == feeder_limits{400, 1'000'000, 100});
  std::string text = with("rating_pct = 400", "rating_pct = 150");
  text.replace(text.find("unrated_wh = 1000000"), 20, "unrated_wh = 7");
  text.replace(text.find("meters_pct = 100"), 16, "meters_pct = 0");
  const auto own = parse_rule_settings(text, "mine.toml");
  REQUIRE(own);
  CHECK(own->feeders == feeder_limits{150, 7, 0});
  const std::string table = "[feeders]\nrating_pct = 400\nunrated_wh = 1000000\nmeters_pct = 100\n";
  const auto older = parse_rule_settings(with(table, ""), "mine.toml");
  REQUIRE(older);
  CHECK(!older->feeders);
  CHECK(older->energy == built_in->energy);

  CHECK(refused_for(with("rating_pct = 400\n", ""), "'feeders.rating_pct' must be a whole number, 1 to 1000000"));
  CHECK(refused_for(with("unrated_wh = 1000000\n", ""), "'feeders.unrated_wh'"));
  CHECK(refused_for(with("meters_pct = 100\n", ""), "'feeders.meters_pct' must be a whole number, 0 to"));
  CHECK(refused_for(with("rating_pct = 400", "rating_pct = 0"), "feeders.rating_pct"));
  CHECK(refused_for(with("rating_pct = 400", "rating_pct = 1000001"), "feeders.rating_pct"));
  CHECK(refused_for(with("unrated_wh = 1000000", "unrated_wh = 0"), "feeders.unrated_wh"));
  CHECK(refused_for(with("meters_pct = 100", "meters_pct = -1"), "feeders.meters_pct"));
  CHECK(refused_for(with("meters_pct = 100", "meters_pct = 100\nmaximum_wh = 1"), "'maximum_wh'"));
  CHECK(refused_for(with("[feeders]", "[feeder]"), "did you mean 'feeders'"));
  CHECK(refused_for(with(table, "").insert(0, "feeders = 3\n"), "'feeders' must be a table"));
}

TEST_CASE("rule_settings: version, tolerances, drift and statuses are read") {
  std::string text = with("version = 1", "version = 7");
  for (const auto& [from, to] :
       {std::pair("tolerance_wh = 10", "tolerance_wh = 25"), std::pair("per_mille = 1", "per_mille = 5"),
        std::pair("drift_tolerance_s = 0", "drift_tolerance_s = 30"),
        std::pair("[\"operational\"]", "[\"created\", \"operational\"]")})
    text.replace(text.find(from), std::string_view(from).size(), to);
  const auto settings = parse_rule_settings(text, "mine.toml");
  REQUIRE(settings);
  CHECK(settings->version == 7);
  CHECK(settings->registers == register_tolerance{25, 5});
  CHECK(settings->drift_tolerance_s == 30);
  CHECK(settings->recordable == recordable_statuses{true, true, false});
}

TEST_CASE("rule_settings: a pack says everything itself; what is refused names the key") {
  CHECK(refused_for("", "version"));
  CHECK(refused_for("version = [", "line 1"));
  CHECK(refused_for(with("version = 1", "version = 0"), "'version' must be a whole number, 1"));
  CHECK(refused_for(with("version = 1", "version = \"1\""), "'version'"));
  CHECK(refused_for(with("version = 1", "version = 1\nversoin = 2"), "did you mean 'version'"));
  CHECK(refused_for(with("[limits.E]", "[limits.F]"), "'F'"));
  CHECK(refused_for(with("[limits.E]\nmaximum_wh = 500000000\nalarm_wh = 250000000\n", ""), "[limits.E] is missing"));
  CHECK(refused_for(with("[limits.W]\nmaximum_wh = 60000", "[limits.W]\nmaximum_wh = 0"), "limits.W.maximum_wh"));
  CHECK(refused_for(with("[limits.W]\nmaximum_wh = 60000", "[limits.W]\nmaximum_wh = 6.5"), "limits.W.maximum_wh"));
  CHECK(refused_for(with("alarm_wh = 34500", "alarm_wh = 60001"), "'limits.W.alarm_wh' is above maximum_wh"));
  CHECK(refused_for(with("alarm_wh = 34500", "alarm_wh = -1"), "limits.W.alarm_wh"));
  CHECK(refused_for(with("alarm_wh = 34500", "alarm_wh = 34500\nA = 3"), "'limits.W.A' must be a table"));
  CHECK(refused_for(with("alarm_wh = 34500", "alarm_wh = 34500\n[limits.W.A]\nmaximum_wh = 1"), "limits.W.A.alarm_wh"));
  CHECK(refused_for(with("alarm_wh = 34500", "alarm_wh = 34500\n[limits.W.B]\nmaximum_wh = 1"), "'B'"));
  CHECK(refused_for(with("[clock]\n", ""), "'drift_tolerance_s'"));
  CHECK(refused_for(with("[clock]\ndrift_tolerance_s = 0\n", ""), "[clock] is missing"));
  CHECK(refused_for(with("drift_tolerance_s = 0", "drift_tolerance_s = 601"), "0 to 600"));
  CHECK(refused_for(with("tolerance_per_mille = 1", "tolerance_per_mille = 1001"), "0 to 1000"));
  CHECK(refused_for(with("[\"operational\"]", "[\"working\"]"), "no status"));
  CHECK(refused_for(with("[\"operational\"]", "\"operational\""), "registration.recordable"));
}
