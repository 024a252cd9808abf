#include "twins/rules.hpp"

#include "tests/support/test_readings.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr period some_period{1'000'000};

connection whole_current_meter() {
  connection c;
  c.mpan = test_mpan(1);
  return c;
}

reading of(const content& c) { return {quantity::active_import, some_period, 1, c}; }

/// A reading and a meter about which every rule objects.
struct worst_case {
  reading r = of({-1, quality_named("ZE1"), {0, 0}});
  connection meter = whole_current_meter();
  rule_limits limits;

  worst_case() {
    meter.effective = {some_period.number + 1, some_period.number + 2};
    meter.energised = false;
    limits.as_of_s = 0;
    limits.closed = {period_range{}};
  }
  std::optional<verdict> check() const { return broken_rule(r, meter, limits); }
};

} // namespace

TEST_CASE("rules: a fixture for each code that a twin finds by itself") {
  const rule_limits limits;
  const connection meter = whole_current_meter();
  CHECK(!broken_rule(of(actual_of(500)), meter, limits));
  CHECK(broken_rule(of(actual_of(-1)), meter, limits) == verdict::negative);
  CHECK(broken_rule(of(actual_of(60'001)), meter, limits) == verdict::over_maximum);
  CHECK(!broken_rule(of(actual_of(60'000)), meter, limits));
  CHECK(broken_rule(of(estimate_of(1, "ZE1")), meter, limits) == verdict::zero_estimate_not_zero);
  CHECK(!broken_rule(of(estimate_of(0, "ZE1")), meter, limits));
  CHECK(broken_rule(of(estimate_of(1, "E3", 0)), meter, limits) == verdict::reason_missing);
  CHECK(broken_rule(of({1, actual, {9, 0}}), meter, limits) == verdict::amendment_reason_missing);
  CHECK(!broken_rule(of({1, actual, {9, 'T'}}), meter, limits));
  CHECK(!broken_rule(of({1, quality_named("E1"), {9, 'A'}}), meter, limits));
}

TEST_CASE("rules: every estimate needs a reason and no actual does") {
  const connection meter = whole_current_meter();
  for (std::size_t code = 0; code < quality_count; ++code) {
    const quality q{static_cast<std::uint8_t>(code)};
    CAPTURE(name_of(q));
    for (std::uint8_t e = 0; e <= last_estimation_reason; ++e)
      for (const char arc : {'\0', 'A', 'X'}) {
        const auto found = broken_rule(of({0, q, {e, arc}}), meter, {});
        const std::optional<verdict> expected = !is_actual(q) && e == 0 ? std::optional(verdict::reason_missing)
                                                : e == 9 && arc == 0 ? std::optional(verdict::amendment_reason_missing)
                                                                     : std::nullopt;
        CHECK(found == expected);
      }
  }
}

TEST_CASE("rules: the largest energy depends on the type of connection") {
  rule_limits limits;
  connection meter = whole_current_meter();
  const std::vector<std::pair<connection_type, std::int64_t>> maxima{{connection_type::whole_current, 60'000},
                                                                     {connection_type::low_voltage, 1'000'000},
                                                                     {connection_type::high_voltage, 20'000'000},
                                                                     {connection_type::extra_high, 500'000'000},
                                                                     {connection_type::unmetered, 10'000'000}};
  for (const auto& [type, maximum] : maxima) {
    meter.type = type;
    CAPTURE(static_cast<char>(type));
    CHECK(limits.of(type, market_segment::smart).maximum_wh == maximum);
    CHECK(!broken_rule(of(actual_of(maximum)), meter, limits));
    CHECK(broken_rule(of(actual_of(maximum + 1)), meter, limits) == verdict::over_maximum);
  }
  meter.type = connection_type::whole_current;
  limits.energy[index_of(connection_type::whole_current)][index_of(market_segment::smart)].maximum_wh = 70'000;
  CHECK(!broken_rule(of(actual_of(70'000)), meter, limits));
  CHECK(broken_rule(of(actual_of(std::numeric_limits<std::int64_t>::max())), meter, limits) == verdict::over_maximum);
  CHECK(broken_rule(of(actual_of(std::numeric_limits<std::int64_t>::min())), meter, limits) == verdict::negative);
}

TEST_CASE("rules: a meter's range is half-open and compares with the start of a period") {
  connection meter = whole_current_meter();
  const std::int64_t from = *parse_instant("2026-03-01");
  const std::int64_t to = *parse_instant("2026-03-02T12:00Z");
  meter.effective = periods_starting_in(from, to);
  const auto at = [&](std::string_view end) {
    reading r = of(actual_of(1));
    r.period.number = static_cast<std::int32_t>(*parse_instant(end) / seconds_per_period);
    return broken_rule(r, meter, {});
  };
  CHECK(at("2026-03-01T00:00Z") == verdict::not_appointed); // starts the day before
  CHECK(!at("2026-03-01T00:30Z"));
  CHECK(!at("2026-03-02T12:00Z")); // starts at 11:30
  CHECK(at("2026-03-02T12:30Z") == verdict::not_appointed);
  // A range that does not begin on the grid begins with the first period that starts in it.
  meter.effective = periods_starting_in(from + 1, to + 1);
  CHECK(at("2026-03-01T00:30Z") == verdict::not_appointed);
  CHECK(!at("2026-03-01T01:00Z"));
  CHECK(!at("2026-03-02T12:30Z"));
  CHECK(at("2026-03-02T13:00Z") == verdict::not_appointed);
  CHECK(periods_starting_in(-1, 0) == period_range{1, 1});
  CHECK(periods_starting_in(-1800, 1) == period_range{0, 2});
}

TEST_CASE("rules: a de-energised meter may report actual values only") {
  connection meter = whole_current_meter();
  meter.energised = false;
  CHECK(!broken_rule(of(actual_of(500)), meter, {}));
  CHECK(!broken_rule(of({500, quality_named("A2"), {}}), meter, {}));
  CHECK(broken_rule(of(estimate_of(500)), meter, {}) == verdict::deenergised_estimate);
  CHECK(broken_rule(of(estimate_of(0, "ZE2", 7)), meter, {}) == verdict::deenergised_estimate);
}

TEST_CASE("rules: a half hour that ends after now is in the future and only where there is a now") {
  const connection meter = whole_current_meter();
  rule_limits limits;
  CHECK(!broken_rule(of(actual_of(1)), meter, limits));
  limits.as_of_s = some_period.end_s();
  CHECK(!broken_rule(of(actual_of(1)), meter, limits));
  limits.as_of_s = some_period.end_s() - 1;
  CHECK(broken_rule(of(actual_of(1)), meter, limits) == verdict::future);
}

TEST_CASE("rules: the first in the contract's order is the verdict") {
  worst_case w;
  CHECK(w.check() == verdict::negative);
  w.r.content.wh = 60'001;
  CHECK(w.check() == verdict::over_maximum);
  w.r.content.wh = 1;
  CHECK(w.check() == verdict::zero_estimate_not_zero);
  w.r.content.wh = 0;
  CHECK(w.check() == verdict::reason_missing);
  w.r.content.reasons.estimation = estimation_amended;
  CHECK(w.check() == verdict::amendment_reason_missing);
  w.r.content.reasons.amendment = 'M';
  CHECK(w.check() == verdict::not_appointed);
  w.meter.effective = {};
  CHECK(w.check() == verdict::deenergised_estimate);
  w.meter.energised = true;
  CHECK(w.check() == verdict::future);
  w.limits.as_of_s.reset();
  CHECK(w.check() == verdict::past_final_run);
  w.limits.closed.clear();
  CHECK(!w.check());
}

TEST_CASE("rules: the short way of usual readings gives what all rules give") {
  seeded_random random(811);
  const std::vector<content> contents = few_contents();
  std::size_t wrong = 0;
  std::size_t short_way = 0;
  for (int round = 0; round < 20'000; ++round) {
    connection meter = test_connection();
    meter.type = random.chance(2, 3) ? connection_type::whole_current : connection_type::low_voltage;
    meter.energised = random.chance(3, 4);
    if (random.chance(1, 4))
      meter.effective = {100, 200};
    rule_limits limits;
    if (random.chance(1, 2))
      limits.energy[index_of(connection_type::low_voltage)][0] = {random.between(1, 70'000), random.between(0, 70'000)};
    if (random.chance(1, 4))
      limits.as_of_s = random.between(1, 300) * seconds_per_period;
    reading r;
    r.period = {random.between(90, 210)};
    r.content = random.chance(1, 3) ? random.pick(contents) : actual_of(random.between(-2, 70'000));
    if (!is_usual_meter(meter, limits) || !usual_content_stands(r.content, limits))
      continue;
    ++short_way;
    wrong += broken_rule(r, meter, limits) || warns<warning::over_alarm>(r, meter, limits)
                 || warns<warning::deenergised_consumption>(r, meter, limits)
               ? 1
               : 0;
  }
  CHECK(short_way > 500);
  CHECK(wrong == 0);
}
