#include "config/estimation_reader.hpp"

#include "config/settlement_settings.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace gridtwin;

namespace {

constexpr std::string_view one_timetable =
  "[[timetable]]\nname = \"a\"\nfrom = \"2020-01-01\"\nruns = { SF = \"WD+7\" }\n";

std::string with_estimation(std::string_view keys) {
  return std::string(one_timetable) + "[estimation]\n" + std::string(keys) + "\n";
}

estimation_settings read(std::string_view keys) {
  const auto parsed = parse_settlement_settings(with_estimation(keys), "mine.toml");
  REQUIRE(parsed);
  return parsed->estimation;
}

bool refused_for(std::string_view keys, std::string_view what) {
  const auto parsed = parse_settlement_settings(with_estimation(keys), "mine.toml");
  REQUIRE(!parsed);
  CHECK(parsed.failure().code == errc::bad_profile);
  CAPTURE(parsed.failure().message);
  CHECK(parsed.failure().message.starts_with("settlement settings 'mine.toml': "));
  return parsed.failure().message.find(what) != std::string::npos;
}

std::string order_of(const estimation_settings& settings) {
  std::string out;
  for (const estimation_method method : settings.order)
    out += std::string(name_of(method)) + ' ';
  return out;
}

} // namespace

TEST_CASE("estimation_reader: what is built in is whole") {
  const auto parsed = parse_settlement_settings(built_in_settlement_settings(), "built in");
  REQUIRE(parsed);
  const estimation_settings& settings = parsed->estimation;
  CHECK(order_of(settings) == "register-advance own-history supplier-annual central-annual shape-mean default ");
  CHECK(settings.register_over_history);
  CHECK(settings.register_window_days == 100);
  CHECK(settings.supplier_annual_days == 365);
  CHECK(settings.annual_total_percent == 99);
  CHECK(settings.seven_day_total_percent == 99);
  CHECK(settings.history_weeks == 4);
  CHECK(settings.history_fewest == 3);
  CHECK(settings.fewest_actuals == 1);
  CHECK(settings.off_peak == off_peak_window::periods_1_to_14);
  CHECK(settings.reason_missing == estimation_missing);
  CHECK(settings.reason_invalid == 3);
  CHECK(settings.reason_de_energised == 7);
  for (std::size_t f = 0; f < quality_family_count; ++f)
    for (std::size_t m = 0; m < estimation_method_count; ++m) {
      const auto family = static_cast<quality_family>(f);
      const auto method = static_cast<estimation_method>(m);
      CHECK(is_code_of(family, method, settings.code_of(family, method)));
    }
  // The one code whose meaning was found.
  CHECK(name_of(settings.code_of(quality_family::advanced, estimation_method::central_annual)) == "EA12");
}

TEST_CASE("estimation_reader: a key that is given changes that one, the others stay as built in") {
  const auto plain = parse_settlement_settings(one_timetable, "mine.toml");
  REQUIRE(plain);
  CHECK(order_of(plain->estimation) == order_of(read("")));
  CHECK(plain->estimation.register_window_days == 100);

  CHECK(order_of(read("order = [\"own-history\", \"default\"]")) == "own-history default ");
  CHECK(read("register_window_days = 31").register_window_days == 31);
  CHECK(!read("register_over = \"shape\"").register_over_history);
  CHECK(read("register_over = \"own-history\"").register_over_history);
  CHECK(read("supplier_annual_days = 366").supplier_annual_days == 366);
  CHECK(read("annual_total_percent = 100").annual_total_percent == 100);
  CHECK(read("seven_day_total_percent = 1").seven_day_total_percent == 1);
  CHECK(read("history_weeks = 52").history_weeks == 52);
  CHECK(read("history_fewest = 1").history_fewest == 1);
  CHECK(read("fewest_actuals = 30").fewest_actuals == 30);
  CHECK(read("off_peak = \"2-15\"").off_peak == off_peak_window::periods_2_to_15);
  const auto reasons = read("reason = { invalid = 4 }");
  CHECK(reasons.reason_invalid == 4);
  CHECK(reasons.reason_missing == 2);
  const auto defaults = read("default_wh = { H = 2000, U = 5 }");
  CHECK(defaults.default_wh == std::array<std::int64_t, connection_type_count>{0, 0, 2000, 0, 5});
  const auto codes = read("[estimation.quality.smart]\nown-history = \"E9\"\nde-energised = \"ZE3\"");
  CHECK(name_of(codes.code_of(quality_family::smart, estimation_method::own_history)) == "E9");
  CHECK(name_of(codes.code_of(quality_family::smart, estimation_method::de_energised)) == "ZE3");
  CHECK(name_of(codes.code_of(quality_family::smart, estimation_method::shape_mean)) == "E5");
  CHECK(codes.history_weeks == 4);
}

TEST_CASE("estimation_reader: what is refused says which key and how to mend it") {
  CHECK(refused_for("ordre = []", "did you mean 'order'"));
  CHECK(refused_for("order = []", "must be a list of methods"));
  CHECK(refused_for("order = \"default\"", "must be a list of methods"));
  CHECK(refused_for("order = [\"own-histroy\", \"default\"]", "'own-histroy' is no rung; rungs are register-advance"));
  CHECK(refused_for("order = [1, \"default\"]", "no rung"));
  CHECK(refused_for("order = [\"de-energised\", \"default\"]", "'de-energised' is no rung"));
  CHECK(refused_for("order = [\"shape-mean\", \"shape-mean\", \"default\"]", "names shape-mean twice"));
  CHECK(refused_for("order = [\"default\", \"shape-mean\"]", "must end with \"default\""));
  for (const char* value : {"0", "-1", "\"100\"", "3661", "1.5"})
    CHECK(refused_for("register_window_days = " + std::string(value), "'register_window_days' must be a whole number"));
  CHECK(refused_for("register_over = \"history\"", "\"own-history\" or \"shape\""));
  CHECK(refused_for("register_over = true", "'register_over' must be"));
  CHECK(refused_for("supplier_annual_days = 0", "'supplier_annual_days'"));
  CHECK(refused_for("annual_total_percent = 101", "from 1 to 100"));
  CHECK(refused_for("seven_day_total_percent = 0", "from 1 to 100"));
  CHECK(refused_for("history_weeks = 53", "from 1 to 52"));
  CHECK(refused_for("history_fewest = 0", "from 1 to 52"));
  CHECK(refused_for("fewest_actuals = 0", "'fewest_actuals'"));
  CHECK(refused_for("off_peak = \"1-15\"", "\"1-14\" or \"2-15\""));
  CHECK(refused_for("off_peak = 1", "\"1-14\" or \"2-15\""));
  CHECK(refused_for("reason = 2", "'reason' must be a table: [estimation.reason]"));
  CHECK(refused_for("reason = { missing = 11 }", "from 1 to 10"));
  CHECK(refused_for("reason = { missing = 9 }", "'missing' cannot be 9"));
  CHECK(refused_for("reason = { mising = 2 }", "did you mean 'missing'"));
  CHECK(refused_for("default_wh = { W = -1 }", "'W' must be a whole number"));
  CHECK(refused_for("default_wh = { X = 1 }", "[estimation.default_wh]"));
  CHECK(refused_for("quality = 1", "must be a table"));
  CHECK(refused_for("[estimation.quality.clever]", "[estimation.quality]"));
  CHECK(refused_for("[estimation.quality]\nsmart = 1", "'smart' must be a table: [estimation.quality.smart]"));
  CHECK(refused_for("[estimation.quality.smart]\nhistory = \"E1\"", "[estimation.quality.smart]"));
  CHECK(refused_for("[estimation.quality.smart]\nown-history = \"EA3\"",
                    "'own-history' must be one of E0, E1, E2, E3, E4, E5, E6, E7, E8, E9, in quotes"));
  for (const char* code : {"\"A\"", "\"ZE1\"", "\"E10\"", "1"})
    CHECK(
      refused_for("[estimation.quality.smart]\nown-history = " + std::string(code), "'own-history' must be one of"));
  CHECK(refused_for("[estimation.quality.unmetered]\nde-energised = \"ZE1\"",
                    "'de-energised' must be one of ZE, in quotes"));
  CHECK(refused_for("[estimation.quality.advanced_export]\ndefault = \"EA12\"", "EAE1, EAE2, EAE3"));
  const auto list = parse_settlement_settings("estimation = 1\n" + std::string(one_timetable), "mine.toml");
  REQUIRE(!list);
  CHECK(list.failure().message.find("[estimation]") != std::string::npos);
}
