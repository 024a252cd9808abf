#include "twins/run_gates.hpp"

#include "twins/final_runs.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

using namespace gridtwin;

namespace {

std::int64_t at(std::string_view text) { return *parse_instant(text); }

/// The timetables as published, and working days whose only bank holidays are those at Easter 2026 and the outer ones.
settlement_calendar calendar_of() {
  settlement_timetable legacy{"legacy", {1998, 4, 1}, {}};
  legacy.runs[index_of(run_code::ii)] = run_delay{5, 0};
  legacy.runs[index_of(run_code::sf)] = run_delay{16, 0};
  legacy.runs[index_of(run_code::rf)] = run_delay{292, 0};
  legacy.runs[index_of(run_code::df)] = run_delay{0, 28};
  settlement_timetable mhhs{"mhhs", {2027, 7, 2}, {}};
  mhhs.runs[index_of(run_code::ii)] = run_delay{4, 0};
  mhhs.runs[index_of(run_code::sf)] = run_delay{7, 0};
  mhhs.runs[index_of(run_code::rf)] = run_delay{84, 0};
  mhhs.runs[index_of(run_code::df)] = run_delay{0, 20};
  return settlement_calendar({legacy, mhhs}, working_days({{2026, 1, 1}, {2026, 4, 3}, {2026, 4, 6}, {2027, 12, 27}}));
}

} // namespace

TEST_CASE("run_gates: SR-01 SR-02 each date has the gates of its timetable, in local time, bank holidays left out") {
  const settlement_calendar calendar = calendar_of();
  const auto winter = gates_of(calendar, 0, {2026, 3, 2});
  REQUIRE(winter);
  CHECK((*winter)[run_code::ii] == run_gate{{2026, 3, 9}, at("2026-03-09T00:00:00Z")});
  CHECK_FALSE((*winter)[run_code::r1]);
  // Over the change of the clock and Easter: WD+5 of Monday 2026-03-30 is Wednesday 2026-04-08, midnight local.
  const auto summer = gates_of(calendar, 0, {2026, 3, 30});
  REQUIRE(summer);
  CHECK((*summer)[run_code::ii] == run_gate{{2026, 4, 8}, at("2026-04-07T23:00:00Z")});
  CHECK((*gates_of(calendar, 17 * 60 + 30, {2026, 3, 30}))[run_code::ii]->at_s == at("2026-04-08T16:30:00Z"));
  // Either side of the new timetable.
  CHECK((*gates_of(calendar, 0, {2027, 7, 1}))[run_code::ii]->date == civil_date{2027, 7, 8});
  CHECK((*gates_of(calendar, 0, {2027, 7, 2}))[run_code::ii]->date == civil_date{2027, 7, 8});
}

TEST_CASE("run_gates: runs behind the last year whose bank holidays are known have no gate, and that is said") {
  const auto gates = gates_of(calendar_of(), 0, {2026, 3, 2});
  REQUIRE(gates);
  CHECK_FALSE((*gates)[run_code::df]); // July 2028
  CHECK_FALSE(gates->complete);
  CHECK_FALSE(gates_of(calendar_of(), 0, {1998, 3, 31}));
}

TEST_CASE(
  "run_gates: SR-04 a half hour is early, on time, late or post-final by the instant at which it became known") {
  const civil_date date{2027, 7, 5};
  const auto found = gates_of(calendar_of(), 0, date);
  REQUIRE(found);
  const run_gates& gates = *found;
  const period p = *from_settlement_period({date, 20});
  const std::int64_t sf = gates[run_code::sf]->at_s;
  const std::int64_t rf = gates[run_code::rf]->at_s;
  using enum submission_timing;
  CHECK(timing_of(p.end_s() - 1, p, gates, run_code::sf) == early);
  CHECK(timing_of(p.end_s(), p, gates, run_code::sf) == on_time);
  CHECK(timing_of(sf - 1, p, gates, run_code::sf) == on_time);
  CHECK(timing_of(sf, p, gates, run_code::sf) == late);
  CHECK(timing_of(rf - 1, p, gates, run_code::sf) == late);
  CHECK(timing_of(rf - 1, p, gates, run_code::rf) == on_time);
  CHECK(timing_of(rf, p, gates, run_code::sf) == post_final);
  CHECK(timing_of(rf, p, gates, run_code::rf) == post_final);
  CHECK_FALSE(timing_of(sf, p, gates, run_code::r2)); // which this timetable does not hold
  CHECK(timing_of(p.end_s() - 1, gates, run_code::sf) == on_time);

  CHECK(first_run_for(p.end_s(), gates) == run_code::ii);
  CHECK(first_run_for(gates[run_code::ii]->at_s, gates) == run_code::sf);
  CHECK(first_run_for(sf, gates) == run_code::rf);
  run_gates without_df = gates;
  without_df.of[index_of(run_code::df)].reset();
  CHECK_FALSE(first_run_for(rf, without_df));
}

TEST_CASE("run_gates: SR-04 agrees with what is closed to readings (ECS1003)") {
  const settlement_calendar calendar = calendar_of();
  const period p = *from_settlement_period({{2027, 7, 5}, 1});
  const auto gates = gates_of(calendar, 0, {2027, 7, 5});
  REQUIRE(gates);
  const std::int64_t rf = (*gates)[run_code::rf]->at_s;
  for (const std::int64_t as_of : {rf - 1, rf, rf + 1}) {
    bool closed = false;
    for (const period_range& range : closed_at(calendar, 0, as_of).ranges)
      closed = closed || range.contains(p);
    CHECK((timing_of(as_of, p, *gates, run_code::ii) == submission_timing::post_final) == closed);
  }
}
