#include "config/market_settings.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace gridtwin;

namespace {

const std::string good = R"([market]
environment = "PRD"
sender_dip_id = "14012345aF"
sender_role = "SDS"
connection_provider_dip_id = "9900000001"
primary_recipients = ["1800000001", "1900000001"]
connection_from = "1998-04-01"
distributors = { 10 = "2500000010", 20 = "2500000001" }
suppliers = { SUPP = "2300000001" }
)";

std::string refusal_of(std::string_view text) {
  const auto parsed = parse_market_settings(text, "m.toml");
  return parsed ? "accepted" : parsed.failure().message;
}

std::string changed(std::string_view part, std::string_view other) {
  std::string text = good;
  const std::size_t at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), other);
}

} // namespace

TEST_CASE("market settings: all that may be said") {
  const auto parsed = parse_market_settings(good, "m.toml");
  REQUIRE_MESSAGE(parsed, parsed.failure().message);
  CHECK(parsed->environment == environment_tag::production);
  CHECK(parsed->sender_dip_id == "14012345aF");
  CHECK(parsed->sender_role == "SDS");
  CHECK(parsed->connection_provider_dip_id == "9900000001");
  CHECK(parsed->primary_recipients == std::vector<std::string>{"1800000001", "1900000001"});
  CHECK(parsed->connection_from_s == 891'388'800);
  CHECK(parsed->distributors.at("20") == "2500000001");
  CHECK(parsed->suppliers.at("SUPP") == "2300000001");
}

TEST_CASE("market settings: what need not be said, and the example") {
  const auto least = parse_market_settings("[market]\nenvironment = \"DEV\"\nsender_dip_id = \"1401234567\"\n"
                                           "sender_role = \"SDS\"\ndistributors = { 20 = \"2500000001\" }\n",
                                           "m.toml");
  REQUIRE(least);
  CHECK(least->primary_recipients.empty());
  CHECK(least->connection_from_s == 0);
  std::ifstream file(GRIDTWIN_SOURCE_DIR "/config/examples/market.toml");
  const std::string example((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const auto parsed = parse_market_settings(example, "market.toml");
  REQUIRE_MESSAGE(parsed, parsed.failure().message);
  CHECK(parsed->suppliers.at("SUPP") == "2300000001");
}

TEST_CASE("market settings: each key that is wrong is named") {
  const std::vector<std::pair<std::string, std::string>> cases{
    {changed("\"PRD\"", "\"prd\""), "'environment'"},
    {changed("environment = \"PRD\"\n", ""), "'environment'"},
    {changed("14012345aF", "14012345aG"), "'sender_dip_id'"},
    {changed("14012345aF", "14012345a"), "'sender_dip_id'"},
    {changed("\"SDS\"", "\"sds\""), "'sender_role'"},
    {changed("9900000001", "990000000"), "'connection_provider_dip_id'"},
    {changed("[\"1800000001\"", "[7"), "'primary_recipients'"},
    {changed("[\"1800000001\", \"1900000001\"]", "\"1800000001\""), "'primary_recipients'"},
    {changed("1998-04-01", "1969-12-31"), "'connection_from'"},
    {changed("1998-04-01", "April"), "'connection_from'"},
    {changed("10 = ", "100 = "), "'distributors': '100'"},
    {changed("2500000010", "25000000100"), "'distributors': 10"},
    {changed("{ 10 = \"2500000010\", 20 = \"2500000001\" }", "{}"), "'distributors'"},
    {changed("SUPP", "supp"), "'suppliers': 'supp'"},
    {changed("sender_role", "sender_rule"), "sender_role"},
    {changed("[market]", "[markets]"), "market"},
    {"environment = \"DEV\"", "environment"},
    {"[market", "m.toml"},
    {"", "no table [market]"},
  };
  for (const auto& [text, names] : cases) {
    CAPTURE(text);
    const std::string refusal = refusal_of(text);
    CAPTURE(refusal);
    CHECK(refusal.find(names) != std::string::npos);
    CHECK(refusal != "accepted");
  }
}
