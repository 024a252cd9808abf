#include "twins/register_check.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace gridtwin;

namespace {

std::int64_t at(std::string_view text) { return *parse_instant(text); }

/// Half hours of one value each, but for those that are taken out.
struct some_intervals {
  std::map<std::int32_t, std::int64_t> values;

  void fill(std::string_view from, std::string_view to, std::int64_t wh) {
    for (std::int64_t end = at(from) + seconds_per_period; end <= at(to); end += seconds_per_period)
      values[static_cast<std::int32_t>(end / seconds_per_period)] = wh;
  }
  interval_lookup lookup() const {
    return [this](period p) {
      const auto found = values.find(p.number);
      return found == values.end() ? std::nullopt : std::optional(found->second);
    };
  }
};

} // namespace

TEST_CASE("register_check: VA-10 an advance of 10.000 against a sum of 9.990, within and outside") {
  some_intervals half_hours;
  half_hours.fill("2026-06-15", "2026-06-15T05:00:00Z", 999); // ten of 0.999 kWh
  const std::vector<register_read> reads{{at("2026-06-15"), 500'000}, {at("2026-06-15T05:00:00Z"), 510'000}};
  const auto check = [&](const register_tolerance& tolerance) {
    const auto found = check_registers(reads, half_hours.lookup(), tolerance);
    REQUIRE(found.size() == 1);
    CHECK(found[0].advance_wh == 10'000);
    CHECK(found[0].interval_wh == 9'990);
    CHECK(found[0].missing == 0);
    return found[0].verdict;
  };
  CHECK(check({10, 0}) == register_verdict::ok); // the bound itself is within
  CHECK(check({9, 0}) == register_verdict::outside);
  CHECK(check({0, 1}) == register_verdict::ok); // one per mille is 10 Wh
  CHECK(check({0, 0}) == register_verdict::outside);
  CHECK(check({9, 1}) == register_verdict::ok); // the larger of the two
  CHECK(check({}) == register_verdict::ok);
}

TEST_CASE("register_check: VA-10 half hours that are missing leave nothing to be said") {
  some_intervals half_hours;
  half_hours.fill("2026-06-15", "2026-06-16", 100);
  half_hours.values.erase(static_cast<std::int32_t>(at("2026-06-15T10:00:00Z") / seconds_per_period));
  half_hours.values.erase(static_cast<std::int32_t>(at("2026-06-15T10:30:00Z") / seconds_per_period));
  const auto found = check_registers(std::vector<register_read>{{at("2026-06-15"), 0}, {at("2026-06-16"), 4'800}},
                                     half_hours.lookup(), {});
  REQUIRE(found.size() == 1);
  CHECK(found[0].verdict == register_verdict::incomplete);
  CHECK(found[0].missing == 2);
  CHECK(found[0].interval_wh == 4'600);
}

TEST_CASE("register_check: VA-10 each two consecutive reads are compared, a register that runs backwards is outside") {
  some_intervals half_hours;
  half_hours.fill("2026-06-15", "2026-06-18", 100);
  const std::vector<register_read> reads{
    {at("2026-06-15"), 1'000}, {at("2026-06-16"), 5'800}, {at("2026-06-17"), 5'700}, {at("2026-06-18"), 10'511}};
  const auto found = check_registers(reads, half_hours.lookup(), {10, 0});
  REQUIRE(found.size() == 3);
  CHECK(found[0].verdict == register_verdict::ok);
  CHECK(found[1].verdict == register_verdict::outside);
  CHECK(found[1].advance_wh == -100);
  CHECK(found[2].verdict == register_verdict::outside); // 4,811 against 4,800
  CHECK(found[2].from_s == at("2026-06-17"));
  CHECK(found[2].to_s == at("2026-06-18"));
}

TEST_CASE("register_check: VA-10 a read within a half hour leaves it unknown for both sides") {
  some_intervals half_hours;
  half_hours.fill("2026-06-15", "2026-06-16", 100);
  const std::vector<register_read> reads{
    {at("2026-06-15"), 0}, {at("2026-06-15T10:10:00Z"), 2'033}, {at("2026-06-16"), 4'800}};
  const auto found = check_registers(reads, half_hours.lookup(), {});
  REQUIRE(found.size() == 2);
  CHECK(found[0].missing == 1);
  CHECK(found[0].interval_wh == 2'000);
  CHECK(found[1].missing == 1);
  CHECK(found[1].interval_wh == 2'700);
  CHECK(found[1].verdict == register_verdict::incomplete);
}

TEST_CASE("register_check: fewer than two instants say nothing; of two reads at one instant the last counts") {
  const interval_lookup none = [](period) { return std::optional<std::int64_t>(); };
  CHECK(check_registers({}, none, {}).empty());
  CHECK(check_registers(std::vector<register_read>{{at("2026-06-15"), 1}}, none, {}).empty());
  CHECK(check_registers(std::vector<register_read>{{at("2026-06-15"), 1}, {at("2026-06-15"), 2}}, none, {}).empty());
  some_intervals half_hours;
  half_hours.fill("2026-06-15", "2026-06-16", 1);
  const std::vector<register_read> reads{{at("2026-06-15"), 1}, {at("2026-06-15"), 2}, {at("2026-06-16"), 50}};
  const auto found = check_registers(reads, half_hours.lookup(), {0, 0});
  REQUIRE(found.size() == 1);
  CHECK(found[0].verdict == register_verdict::ok); // 48
}

TEST_CASE("register_check: the widest values do not overflow") {
  constexpr std::int64_t large = 4'000'000'000'000'000'000;
  CHECK(within({0, 1000}, large, 0));
  CHECK(!within({0, 999}, large, 0));
  CHECK(within({0, 500}, large, large / 2));
  CHECK(!within({0, 1000}, -1, 0)); // no share of what ran backwards
}
