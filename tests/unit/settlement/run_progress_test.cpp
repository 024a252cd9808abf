#include "src/settlement/run_progress.hpp"

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

using namespace gridtwin;

namespace {

std::int64_t at(std::string_view text) { return *parse_instant(text); }

/// II two working days after, SF five, RF ten; no bank holidays in 2026 but the outer ones.
settlement_calendar calendar_of() {
  settlement_timetable quick{"quick", {2026, 1, 1}, {}};
  quick.runs[index_of(run_code::ii)] = run_delay{2, 0};
  quick.runs[index_of(run_code::sf)] = run_delay{5, 0};
  quick.runs[index_of(run_code::rf)] = run_delay{10, 0};
  return settlement_calendar({quick}, working_days({{2026, 1, 1}, {2026, 12, 25}}));
}

std::vector<civil_date> dates(const civil_date& first, int count) {
  std::vector<civil_date> out;
  for (int n = 0; n < count; ++n)
    out.push_back(civil_from_days(days_from_civil(first) + n));
  return out;
}

std::size_t place_of(const run_plan& plan, const civil_date& date) {
  for (std::size_t i = 0; i < plan.dates.size(); ++i)
    if (plan.dates[i].date == date)
      return i;
  FAIL("not planned");
  return 0;
}

} // namespace

TEST_CASE("run_progress: SR-01 open runs alone are planned, closed ones when asked for") {
  const settlement_calendar calendar = calendar_of();
  // Monday 2026-03-02: II is Wednesday 4th, SF Monday 9th, RF Monday 16th.
  run_question q{&calendar, 0, at("2026-03-04T00:00:00Z") - 1, {{2026, 3, 2}}, {}, {}, false};
  CHECK(plan_runs(q).runs.size() == 3);
  ++q.as_of_s; // at the gate's own instant it is closed
  run_plan plan = plan_runs(q);
  REQUIRE(plan.runs.size() == 2);
  CHECK(plan.runs[0].run == run_code::sf);
  CHECK(plan.runs[0].gate.at_s == at("2026-03-09T00:00:00Z"));
  CHECK(plan.runs[0].last_closed == run_code::ii);
  CHECK(plan.dates[0].exact_from_s == q.as_of_s); // what was known before II's gate will be asked
  q.closed = true;
  plan = plan_runs(q);
  REQUIRE(plan.runs.size() == 3);
  CHECK_FALSE(plan.runs[0].open);
  CHECK(plan.runs[0].last_closed == run_code::ii);
  q.only = run_code::rf;
  plan = plan_runs(q);
  REQUIRE(plan.runs.size() == 1);
  CHECK(plan.runs[0].run == run_code::rf);
  q.shown = {{2025, 12, 31}, {2026, 12, 21}};
  plan = plan_runs(q);
  CHECK(plan.dates_without_timetable == 1);
  CHECK(plan.dates_with_unknown_runs == 1);
}

TEST_CASE("run_progress: a forecast looks at the last fourteen dates that are as old as the date will be at its gate") {
  const settlement_calendar calendar = calendar_of();
  const civil_date shown{2026, 3, 24};
  run_question q{&calendar, 0, at("2026-03-25T06:00:00Z"), {shown}, dates({2026, 3, 1}, 24), run_code::ii, false};
  run_plan plan = plan_runs(q);
  REQUIRE(plan.runs.size() == 1);
  // II of Tuesday 24th is Thursday 26th, 24 hours after the date's end; the 23rd was as old as that on the 25th.
  const auto& earlier = plan.runs[0].earlier;
  REQUIRE(earlier.size() == forecast_dates);
  CHECK(plan.dates[earlier.front().date].date == civil_date{2026, 3, 23});
  CHECK(plan.dates[earlier.back().date].date == civil_date{2026, 3, 10});
  CHECK(plan.dates.size() == 15); // none that is not needed
  CHECK(earlier.front().then_s == at("2026-03-24T06:00:00Z"));
  CHECK(earlier.front().later_s == at("2026-03-25T00:00:00Z"));
  CHECK(plan.dates[earlier.front().date].exact_from_s == at("2026-03-24T00:00:00Z") + 6 * 3600);
  // A date whose later age lies ahead tells nothing yet.
  q.as_of_s = at("2026-03-24T23:59:59Z");
  plan = plan_runs(q);
  CHECK(plan.dates[plan.runs[0].earlier.front().date].date == civil_date{2026, 3, 22});
  q.as_of_s = at("2026-03-25T00:00:00Z");
  q.stored = dates({2026, 3, 22}, 3);
  plan = plan_runs(q);
  REQUIRE(plan.runs[0].earlier.size() == 2);
  CHECK(plan.runs[0].earlier[0].date == 1);
  CHECK(plan.runs[0].earlier[1].date == 0);
}

TEST_CASE("run_progress: TM-04 ages are counted from the end of the local date, also over a change of the clock") {
  const settlement_calendar calendar = calendar_of();
  const std::int64_t as_of = at("2026-03-31T06:00:00Z");
  const run_plan plan = plan_runs({&calendar, 0, as_of, {{2026, 3, 30}}, {{2026, 3, 28}}, run_code::ii, false});
  REQUIRE(plan.runs.size() == 1);
  // The 30th ended at 23:00 UTC, seven hours ago, II is on 1 April; the 28th, in winter, ended at midnight.
  CHECK(plan.runs[0].gate.at_s == at("2026-03-31T23:00:00Z"));
  REQUIRE(plan.runs[0].earlier.size() == 1);
  CHECK(plan.runs[0].earlier[0].then_s == at("2026-03-29T07:00:00Z"));
  CHECK(plan.runs[0].earlier[0].later_s == at("2026-03-30T00:00:00Z"));
}

TEST_CASE("run_progress: verdicts follow from what is there, the gate and how earlier dates went") {
  const settlement_calendar calendar = calendar_of();
  const civil_date shown{2026, 3, 24};
  const std::int64_t as_of = at("2026-03-25T06:00:00Z");
  run_question q{&calendar, 0, as_of, {shown}, dates({2026, 3, 23}, 2), run_code::ii, false};
  const run_plan plan = plan_runs(q);
  REQUIRE(plan.runs.size() == 1);
  std::vector<date_progress> counts(plan.dates.size());
  date_progress& date = counts[place_of(plan, shown)];
  date_progress& before = counts[place_of(plan, {2026, 3, 23})];
  date.expected = before.expected = 1000;
  date.received = 900;
  date.known.add(as_of, 900);
  const auto judged = [&](std::uint64_t target = whole_share) {
    return progress_of(plan.runs[0], plan, counts, target);
  };
  // Nothing was received of the date before: it tells nothing.
  CHECK(judged().verdict == run_verdict::open);
  CHECK_FALSE(judged().forecast);
  // Six hours old it had 800, when it was a day old 950: three of four of the missing came.
  before.received = 1000;
  before.known.add(at("2026-03-24T06:00:00Z"), 800);
  before.known.add(at("2026-03-24T06:00:01Z"), 150);
  before.known.add(at("2026-03-25T00:00:00Z"), 50);
  CHECK(judged().forecast == 975);
  CHECK(judged().verdict == run_verdict::at_risk);
  CHECK(judged(97'50).verdict == run_verdict::open);
  CHECK(judged(97'51).verdict == run_verdict::at_risk);
  date.received = 1000;
  date.known.add(as_of, 100);
  CHECK(judged().verdict == run_verdict::complete);
  CHECK(judged().by_timing == std::array<std::uint64_t, 4>{0, 1000, 0, 0});
}

TEST_CASE("run_progress: SR-04 a closed run is missed by what was known too late, whatever came since") {
  const settlement_calendar calendar = calendar_of();
  const std::int64_t gate = at("2026-03-04T00:00:00Z");
  const run_plan plan = plan_runs({&calendar, 0, at("2026-03-20T00:00:00Z"), {{2026, 3, 2}}, {}, run_code::ii, true});
  REQUIRE(plan.runs.size() == 1);
  std::vector<date_progress> counts(1);
  counts[0].expected = counts[0].received = 10;
  counts[0].known.add(gate - 1, 10);
  const auto judged = [&] { return progress_of(plan.runs[0], plan, counts, whole_share); };
  CHECK(judged().verdict == run_verdict::complete);
  CHECK(judged().made_last_gate == 10U);
  counts[0].known = {};
  counts[0].known.add(gate - 1, 7);
  counts[0].known.add(gate, 2);
  counts[0].known.add(at("2026-03-16T00:00:00Z"), 1);
  CHECK(judged().verdict == run_verdict::missed);
  CHECK(judged().made_last_gate == 7U);
  CHECK(judged().by_timing == std::array<std::uint64_t, 4>{0, 7, 2, 1});
}

TEST_CASE("run_progress: only what is whole is a hundred per cent") {
  CHECK(share_of(999'999, 1'000'000) == 99'99);
  CHECK(share_of(1'000'000, 1'000'000) == whole_share);
  CHECK(share_of(0, 7) == 0);
}
