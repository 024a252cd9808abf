#include "src/store/feeder_guard.hpp"

#include "src/ingest/estate_files.hpp"
#include "tests/unit/ingest/ingest_support.hpp"
#include "twins/energy.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {
namespace {

using namespace gridtwin::test;

/// The good estate with `two` at high voltage and 10 A on every feeder.
estate guarded_estate() {
  estate_texts texts = good_texts();
  texts.feeders = "transformer_id,feeder_id,rating_a\nT1,F1,10\nT1,F2,10\nT2,F1,10\n";
  const std::string row = two + ",T1,F1,ABCD,S,W";
  texts.meters.replace(texts.meters.find(row), row.size(), two + ",T1,F1,ABCD,S,H");
  const auto parsed = parse_estate(texts, "folder");
  REQUIRE(parsed);
  return *parsed;
}

period ending(std::string_view text) { return {static_cast<std::int32_t>(*parse_instant(text) / seconds_per_period)}; }

half_hour_load import_of(std::int64_t wh) { return {wh, 0, 1, 0, 1}; }

} // namespace

TEST_CASE("feeder_guard: VA-12 meters count where their range holds the half hour") {
  const estate e = guarded_estate();
  const rule_settings rules;
  const feeder_guard second(e, {1}, rules);
  REQUIRE(second.size() == 1);
  const expected_meters& expected = second.expected(0);
  const period before = ending("2026-03-10T00:00:00Z"); // starts on the day before `three` comes
  const period after = ending("2026-03-10T00:30:00Z");
  CHECK(expected.at(before) == 1);
  CHECK(expected.at(after) == 2);
  CHECK(expected.kinds_at(before)[0][0] == 1);
  CHECK(expected.kinds_at(after)[0][0] == 2);
  const feeder_guard first(e, {0}, rules);
  CHECK(first.expected(1).at(before) == 1);
  CHECK(first.expected(1).at(after) == 0);
  CHECK(first.expected(0).kinds_at(after)[index_of(connection_type::high_voltage)][0] == 1);
}

TEST_CASE("feeder_guard: VA-12 the limit goes by the feeder's rating, its meters and the pack") {
  const estate e = guarded_estate();
  rule_settings rules;
  const period p = ending("2026-03-01T12:00:00Z");
  const feeder_guard second(e, {1}, rules);
  CHECK(second.exceeded_limit_wh(0, p, import_of(13'800)) == std::nullopt);
  CHECK(second.exceeded_limit_wh(0, p, import_of(13'801)) == 13'800);
  const feeder_guard first(e, {0}, rules);
  CHECK(first.exceeded_limit_wh(0, p, import_of(20'000'000)) == std::nullopt); // a meter at high voltage
  CHECK(first.exceeded_limit_wh(0, p, import_of(20'000'001)) == 20'000'000);
  CHECK(first.exceeded_limit_wh(1, p, import_of(13'801)) == 13'800);
  rules.feeders.reset();
  CHECK(second.exceeded_limit_wh(0, p, import_of(largest_energy_wh)) == std::nullopt);
}

TEST_CASE("feeder_guard: feeders are found by id, within their transformer") {
  const estate e = guarded_estate();
  const rule_settings rules;
  const feeder_guard first(e, {0}, rules);
  CHECK(first.place_of("F1") == 0U);
  CHECK(first.place_of("F2") == 1U);
  CHECK(first.place_of("F3") == std::nullopt);
  CHECK(first.place_of("") == std::nullopt);
  CHECK(feeder_guard(e, {1}, rules).place_of("F2") == std::nullopt);
}

} // namespace gridtwin
