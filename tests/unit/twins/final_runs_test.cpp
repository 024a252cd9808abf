#include "twins/final_runs.hpp"

#include "tests/support/test_readings.hpp"
#include "twins/rules.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

/// The published timetables with RF alone, and working days without bank holidays of these years.
settlement_calendar calendar_of(std::vector<civil_date> holidays = {{2020, 1, 1}, {2029, 12, 25}}) {
  settlement_timetable legacy{"legacy", {1998, 4, 1}, {}};
  legacy.runs[index_of(run_code::rf)] = run_delay{292, 0};
  settlement_timetable mhhs{"mhhs", {2027, 7, 2}, {}};
  mhhs.runs[index_of(run_code::rf)] = run_delay{84, 0};
  return settlement_calendar({legacy, mhhs}, working_days(std::move(holidays)));
}

std::int64_t at(std::string_view text) { return *parse_instant(text); }

period first_of(const civil_date& date) { return *from_settlement_period({date, 1}); }
period last_of(const civil_date& date) { return *from_settlement_period({date, settlement_periods_of(date)}); }

bool is_closed(const closed_periods& closed, period p) {
  rule_limits limits;
  limits.closed = closed.ranges;
  return limits.is_closed(p);
}

/// Date by date, without the search.
bool naively_closed(const settlement_calendar& calendar, int gate_minute, std::int64_t as_of_s,
                    const civil_date& date) {
  const auto timetable = calendar.timetable_of(date);
  const auto run = timetable ? calendar.date_of(run_code::rf, date, **timetable)
                             : result<civil_date>(error{errc::usage, "there is none"});
  return run && gate_s(*run, gate_minute) <= as_of_s;
}

} // namespace

TEST_CASE("final_runs: ES-11 a reading is accepted until the gate of RF, and refused from it on") {
  const settlement_calendar calendar = calendar_of();
  const civil_date date{2026, 6, 15};
  const civil_date rf = *calendar.date_of(run_code::rf, date, **calendar.timetable_of(date));
  connection meter = test_connection();
  const reading r{quantity::active_import, last_of(date), 1, actual_of(500)};
  for (const int gate_minute : {0, 17 * 60 + 30}) {
    const auto verdict_at = [&](std::int64_t as_of_s) {
      rule_limits limits;
      limits.as_of_s = as_of_s;
      limits.closed = closed_at(calendar, gate_minute, as_of_s).ranges;
      return broken_rule(r, meter, limits);
    };
    constexpr std::int64_t day_s = 86'400;
    const std::int64_t gate = gate_s(rf, gate_minute);
    CHECK(!verdict_at(gate - day_s)); // RF-1
    CHECK(!verdict_at(gate - 1));
    CHECK(verdict_at(gate) == verdict::past_final_run);
    CHECK(verdict_at(gate + day_s) == verdict::past_final_run); // RF+1
  }
}

TEST_CASE("final_runs: ES-11 the built-in date of RF: 2013-01-02 closes on 2014-02-26") {
  // Bank holidays of 2013 and 2014, England and Wales.
  const settlement_calendar calendar = calendar_of({{2013, 1, 1},
                                                    {2013, 3, 29},
                                                    {2013, 4, 1},
                                                    {2013, 5, 6},
                                                    {2013, 5, 27},
                                                    {2013, 8, 26},
                                                    {2013, 12, 25},
                                                    {2013, 12, 26},
                                                    {2014, 1, 1},
                                                    {2014, 4, 18},
                                                    {2014, 4, 21},
                                                    {2014, 5, 5},
                                                    {2014, 5, 26},
                                                    {2014, 8, 25},
                                                    {2014, 12, 25}});
  CHECK(!is_closed(closed_at(calendar, 0, at("2014-02-25T23:59:59Z")), last_of({2013, 1, 2})));
  const closed_periods closed = closed_at(calendar, 0, at("2014-02-26"));
  CHECK(is_closed(closed, last_of({2013, 1, 2})));
  CHECK(is_closed(closed, first_of({2005, 1, 1}))); // dates before the known years are older still
  CHECK(!is_closed(closed, first_of({2013, 1, 3})));
  CHECK(closed.complete);
}

TEST_CASE("final_runs: a gate is a time of the local clock") {
  CHECK(gate_s({2026, 1, 15}, 0) == at("2026-01-15T00:00:00Z"));
  CHECK(gate_s({2026, 6, 15}, 0) == at("2026-06-14T23:00:00Z"));
  CHECK(gate_s({2026, 6, 15}, 17 * 60 + 30) == at("2026-06-15T16:30:00Z"));
}

TEST_CASE("final_runs: two timetables at once: dates of the new one close before those of the old one") {
  const settlement_calendar calendar = calendar_of();
  const closed_periods closed = closed_at(calendar, 0, at("2027-12-01"));
  REQUIRE(closed.ranges.size() == 2);
  CHECK(is_closed(closed, first_of({2027, 7, 2})));
  CHECK(!is_closed(closed, last_of({2027, 7, 1})));
  CHECK(is_closed(closed, first_of({2026, 7, 1})));
  CHECK(closed.ranges[0].first == first_of({1998, 4, 1}).number);
  CHECK(closed.complete);
  // When all of the old one is closed, one range is left.
  CHECK(closed_at(calendar, 0, at("2029-06-01")).ranges.size() == 1);
}

TEST_CASE("final_runs: the search finds what asking date by date finds") {
  const settlement_calendar calendar = calendar_of();
  std::size_t wrong = 0;
  std::size_t open = 0;
  for (const char* as_of : {"2026-01-01", "2027-07-02", "2027-10-28", "2027-10-29", "2028-01-01", "2028-08-15",
                            "2028-09-15", "2029-03-01"}) {
    const closed_periods closed = closed_at(calendar, 600, at(as_of));
    for (std::int32_t day = days_from_civil({2020, 1, 1}); day < days_from_civil({2029, 6, 1}); ++day) {
      const civil_date date = civil_from_days(day);
      const bool expected = naively_closed(calendar, 600, at(as_of), date);
      open += expected ? 0 : 1;
      wrong += is_closed(closed, first_of(date)) == expected && is_closed(closed, last_of(date)) == expected ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
  CHECK(open > 500);
}

TEST_CASE("final_runs: where bank holidays are not known, dates count as open, and that is said") {
  const settlement_calendar calendar = calendar_of();
  CHECK(!closed_at(calendar, 0, at("2031-01-01")).complete);
  CHECK(!is_closed(closed_at(calendar, 0, at("2031-01-01")), first_of({2029, 12, 1})));
  CHECK(is_closed(closed_at(calendar, 0, at("2031-01-01")), first_of({2028, 1, 1})));
  const closed_periods early = closed_at(calendar, 0, at("2020-06-01")); // its dates are of 2019
  CHECK(!early.complete);
  CHECK(early.ranges.empty());
  CHECK(closed_at(calendar, 0, at("1997-01-01")).ranges.empty()); // before any timetable
}

TEST_CASE("final_runs: a timetable without RF closes nothing") {
  settlement_timetable none{"none", {2020, 1, 1}, {}};
  none.runs[index_of(run_code::sf)] = run_delay{7, 0};
  const settlement_calendar calendar({none}, working_days({{2020, 1, 1}, {2029, 12, 25}}));
  const closed_periods closed = closed_at(calendar, 0, at("2028-01-01"));
  CHECK(closed.ranges.empty());
  CHECK(closed.complete);
}
