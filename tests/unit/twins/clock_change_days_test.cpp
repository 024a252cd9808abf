#include "tests/support/known_facts.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/test_readings.hpp"
#include "twins/final_runs.hpp"
#include "twins/load.hpp"

#include <doctest/doctest.h>

#include <map>
#include <numeric>
#include <set>
#include <string>
#include <vector>

// What settlement's local dates and the UTC days of the readings have in common: the half hours, each once.

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

utc_day day_named(std::string_view date) { return {days_from_civil(*parse_date(date))}; }

/// A meter's import over some UTC days, no two half hours alike.
struct metered {
  metered(std::string_view first, std::string_view last, std::uint64_t seed) {
    seeded_random random(seed);
    const connection meter = test_connection();
    for (utc_day day = day_named(first); day <= day_named(last); ++day.number)
      for (int slot = 0; slot < periods_per_day; ++slot) {
        const reading r{quantity::active_import, period_at(day, slot), 1, actual_of(random.between(0, 900'000))};
        REQUIRE(twin.assess(r, meter, {}).verdict == verdict::accepted);
      }
  }

  std::int64_t at(period p) const { return half_hour_of(twin, p.day(), p.slot()).import_wh; }

  std::int64_t utc_sum(std::string_view date) const {
    day_load sum{};
    add_meter(sum, twin, day_named(date));
    return std::accumulate(sum.begin(), sum.end(), std::int64_t{0},
                           [](std::int64_t wh, const half_hour_load& cell) { return wh + cell.import_wh; });
  }

  /// Of settlement periods `first` to `last` of a local date.
  std::int64_t local_sum(std::string_view date, int first, int last) const {
    std::int64_t wh = 0;
    for (int number = first; number <= last; ++number)
      wh += at(from_settlement_period({*parse_date(date), number}).value());
    return wh;
  }

  /// By local date, from the UTC side: each half hour is put where it belongs.
  std::map<civil_date, std::int64_t> by_local_date(std::string_view first, std::string_view last) const {
    std::map<civil_date, std::int64_t> out;
    for (utc_day day = day_named(first); day <= day_named(last); ++day.number)
      for (int slot = 0; slot < periods_per_day; ++slot)
        out[to_settlement_period(period_at(day, slot)).date] += at(period_at(day, slot));
    return out;
  }

  meter_twin twin;
};

} // namespace

TEST_CASE(
  "clock change days: TM-11 in March the energy of the UTC day is that of 46 local half hours and two of the next") {
  const metered m("2026-03-28", "2026-03-30", 1);
  CHECK(m.utc_sum("2026-03-28") == m.local_sum("2026-03-28", 1, 48));
  CHECK(m.utc_sum("2026-03-29") == m.local_sum("2026-03-29", 1, 46) + m.local_sum("2026-03-30", 1, 2));
  CHECK(m.by_local_date("2026-03-28", "2026-03-30")[{2026, 3, 29}] == m.local_sum("2026-03-29", 1, 46));
  CHECK(m.utc_sum("2026-03-29") != m.local_sum("2026-03-29", 1, 46));
  // A period more or less is energy lost or counted twice.
  CHECK(m.utc_sum("2026-03-29") != m.local_sum("2026-03-29", 1, 46) + m.local_sum("2026-03-30", 1, 1));
}

TEST_CASE("clock change days: TM-11 in October 50 local half hours hold two of the UTC day before, and no hour twice") {
  const metered m("2026-10-24", "2026-10-26", 2);
  CHECK(m.local_sum("2026-10-25", 1, 50) == m.local_sum("2026-10-25", 1, 2) + m.utc_sum("2026-10-25"));
  CHECK(m.local_sum("2026-10-25", 3, 50) == m.utc_sum("2026-10-25"));
  CHECK(m.local_sum("2026-10-26", 1, 48) == m.utc_sum("2026-10-26"));
  CHECK(m.by_local_date("2026-10-24", "2026-10-26")[{2026, 10, 25}] == m.local_sum("2026-10-25", 1, 50));
  // The hour that the clock shows twice is two hours of energy, of which 48 periods would lack the last.
  CHECK(m.local_sum("2026-10-25", 1, 48) != m.local_sum("2026-10-25", 1, 50));
}

TEST_CASE("clock change days: TM-11 over any dates in a row no watt-hour is lost and none comes twice") {
  const std::vector<std::pair<std::string, std::string>> spans{{"2026-03-27", "2026-03-31"},
                                                               {"2026-10-23", "2026-10-27"}};
  for (const auto& [first, last] : spans) {
    CAPTURE(first);
    const metered m(first, last, 3);
    std::int64_t utc = 0;
    for (utc_day day = day_named(first); day <= day_named(last); ++day.number)
      utc += m.utc_sum(format_day(day));
    std::int64_t local = 0;
    std::set<std::int32_t> half_hours;
    for (const auto& [date, wh] : m.by_local_date(first, last))
      local += wh;
    CHECK(local == utc);
    for (std::int32_t day = day_named(first).number; day <= day_named(last).number; ++day)
      for (const period p : periods_of(civil_from_days(day)))
        CHECK(half_hours.insert(p.number).second);
    CHECK(half_hours.size() == 5 * 48 + (first < "2026-06" ? -2 : 2));
  }
}

TEST_CASE("clock change days: TM-04 a local date in summer closes with the tail of the UTC day before") {
  // RF alone, with no bank holidays in the way: 2026-06-15 is a Monday, so no other date has its run on the same day.
  settlement_timetable legacy{"legacy", {1998, 4, 1}, {}};
  legacy.runs[index_of(run_code::rf)] = run_delay{292, 0};
  const settlement_calendar calendar({legacy}, working_days({{2020, 1, 1}, {2029, 12, 25}}));
  const civil_date date{2026, 6, 15};
  const std::int64_t gate = gate_s(*calendar.date_of(run_code::rf, date, legacy), 0);
  const auto closed = [&](std::int64_t as_of_s, period p) {
    rule_limits limits;
    limits.closed = closed_at(calendar, 0, as_of_s).ranges;
    return limits.is_closed(p);
  };
  std::vector<period> closes; // of three UTC days, what the gate of that date closes
  for (utc_day day = day_named("2026-06-14"); day <= day_named("2026-06-16"); ++day.number)
    for (int slot = 0; slot < periods_per_day; ++slot)
      if (const period p = period_at(day, slot); !closed(gate - 1, p) && closed(gate, p))
        closes.push_back(p);
  REQUIRE(closes.size() == 48);
  CHECK(closes == periods_of(date));
  CHECK(format_period(closes.front()) == "2026-06-14T23:30:00Z");
  CHECK(format_period(closes[1]) == "2026-06-15T00:00:00Z"); // still of the UTC day 2026-06-14
  CHECK(closes[1].day() == day_named("2026-06-14"));
  CHECK(closes[2].day() == day_named("2026-06-15"));
  CHECK(format_period(closes.back()) == "2026-06-15T23:00:00Z");
  // In winter a local date is a UTC day.
  for (const period p : periods_of({2026, 1, 15}))
    CHECK(p.day() == day_named("2026-01-15"));
}
