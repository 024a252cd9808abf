#include "src/bench/estimate_trial.hpp"

#include "tests/support/known_facts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

/// 2026, a year of meters that use the same in every half hour.
half_hour_table a_year_of(std::vector<std::int64_t> meters) {
  half_hour_table out;
  out.first = *from_settlement_period({{2026, 1, 1}, 1});
  out.half_hours = 365 * periods_per_day;
  for (std::size_t r = 0; r < meters.size(); ++r)
    out.rows.push_back({{r}, {}, std::vector<std::int64_t>(out.half_hours, meters[r])});
  return out;
}

std::uint32_t position_of(const half_hour_table& table, const civil_date& date, int number) {
  return static_cast<std::uint32_t>(*table.position_of(*from_settlement_period({date, number})));
}

const trial_method& method(const trial_outcome& outcome, std::string_view name) {
  const auto found =
    std::find_if(outcome.methods.begin(), outcome.methods.end(), [&](const trial_method& m) { return m.name == name; });
  REQUIRE(found != outcome.methods.end());
  return *found;
}

} // namespace

TEST_CASE("estimate_trial: what each method is off by, of what it cannot know") {
  half_hour_table table = a_year_of({100, 400});
  const std::uint32_t outlier = position_of(table, {2026, 6, 15}, 20);
  table.rows[0].wh[outlier] = 1000;
  const std::vector<held_half_hour> held{{0, outlier}, {0, outlier + 480}};
  const trial_outcome out = run_trial(table, held, built_in_estimation_settings(), {});
  CHECK(out.held_back == 2);
  CHECK(out.compared == 2);
  CHECK(out.actual_wh == 1100);
  // The register knows the 1100 of both, and shares them out by halves.
  CHECK(method(out, "register-advance").absolute_wh == 900);
  CHECK(method(out, "register-advance").bias_wh == 0);
  CHECK(method(out, "register-advance, daily, over own history").absolute_wh == 0);
  CHECK(method(out, "own-history").absolute_wh == 900);
  CHECK(method(out, "own-history").bias_wh == -900);
  // The shape is 400 there, for the other meter alone is left of it, and 250 elsewhere: the meter's 1752 kWh are 0.4 of
  // the shape's year, and nominated as 1800 kWh.
  CHECK(method(out, "shape-mean").bias_wh == 800 - 1100);
  CHECK(method(out, "shape-mean").absolute_wh == 600 + 300);
  CHECK(method(out, "central-annual").bias_wh == 2 * 160 - 1100);
  CHECK(method(out, "supplier-annual").bias_wh == 2 * 164 - 1100);
  CHECK(method(out, "default").bias_wh == -1100);
  CHECK(method(out, "the whole ladder").bias_wh == 0);
  CHECK(method(out, "same half hour last week").bias_wh == -900);
  CHECK(method(out, "last year's average").bias_wh == -900);
}

TEST_CASE("estimate_trial: only half hours that every method has a value of are compared") {
  const half_hour_table table = a_year_of({100, 400});
  // In January there is neither a week before nor an annual figure from before.
  const std::vector<held_half_hour> held{{0, 0}, {1, position_of(table, {2026, 6, 15}, 20)}};
  const trial_outcome out = run_trial(table, held, built_in_estimation_settings(), {});
  CHECK(out.compared == 1);
  CHECK(out.actual_wh == 400);
  CHECK(method(out, "central-annual").values == 1);
  CHECK(method(out, "own-history").values == 1);
  CHECK(method(out, "same half hour last week").values == 1);
  CHECK(method(out, "register-advance").values == 2);
  CHECK(method(out, "default").absolute_wh == 400);
}

TEST_CASE("estimate_trial: last week is the week before by the wall clock, or an earlier one that is not held back") {
  half_hour_table table = a_year_of({100, 400});
  const auto at = [&](const civil_date& date) { return position_of(table, date, 20); };
  table.rows[0].wh[at({2026, 4, 1})] = 170; // the clock changed on 29 March, and 1 April is an hour earlier in UTC
  table.rows[0].wh[at({2026, 3, 25})] = 130;
  const auto last_week = [&](std::vector<held_half_hour> held) {
    const trial_outcome out = run_trial(table, held, built_in_estimation_settings(), {});
    return method(out, "same half hour last week").bias_wh;
  };
  CHECK(last_week({{0, at({2026, 4, 8})}}) == 70);
  CHECK(last_week({{0, at({2026, 4, 1})}, {0, at({2026, 4, 8})}}) == (130 - 170) + (130 - 100));
}

TEST_CASE(
  "trial_facts: registers are read at local midnight and count what is held back, and nothing where nothing is known") {
  half_hour_table table = a_year_of({100});
  table.rows[0].wh[0] = half_hour_table::none;
  const auto monthly = trial_reads(table, 0, read_rhythm::monthly);
  CHECK(monthly.size() == 13);
  CHECK(monthly[0] == register_read{table.first.start_s(), 0});
  CHECK(format_instant(monthly[1].at_s) == "2026-02-01T00:00:00Z");
  CHECK(monthly[1].wh == (31 * 48 - 1) * 100);
  CHECK(format_instant(monthly[6].at_s) == "2026-06-30T23:00:00Z");
  CHECK(format_instant(monthly[12].at_s) == "2027-01-01T00:00:00Z");
  CHECK(monthly[12].wh == (365 * 48 - 1) * 100);
  const auto weekly = trial_reads(table, 0, read_rhythm::weekly);
  CHECK(format_instant(weekly[1].at_s) == "2026-01-05T00:00:00Z"); // a Monday
  CHECK(weekly.size() == 54);
  CHECK(trial_reads(table, 0, read_rhythm::daily).size() == 366);

  const std::vector<held_half_hour> held{{0, 5}};
  const half_hour_table rest = without(table, held);
  const trial_shapes shapes = shapes_of(rest, 1, off_peak_window::periods_1_to_14);
  const trial_facts facts(table, rest, 0, shapes.begin()->second, {});
  CHECK(!facts.actual_at(table.at(5)));
  CHECK(facts.energised_at(table.at(5)));
  CHECK(facts.shape_at(table.at(5)).flag == shape_flag::no_data);
  CHECK(!facts.energised_at(table.at(0))); // nobody knows
  CHECK(!facts.energised_at({table.first.number - 1}));
  CHECK(facts.actual_at(table.at(6)) == 100);
}

TEST_CASE("trial_facts: annual figures, the supplier's with hindsight and central settlement's without") {
  half_hour_table table = a_year_of({100, 100});
  for (std::uint32_t i = position_of(table, {2026, 7, 1}, 1); i < table.half_hours; ++i)
    table.rows[0].wh[i] = 300;
  const trial_shapes shapes = shapes_of(table, 1, off_peak_window::periods_1_to_14);
  const auto figures = trial_annual_figures(table, 0, shapes.begin()->second, 365);
  REQUIRE(figures.size() == 12);
  CHECK(figures[0].source == annual_source::supplier);
  CHECK(figures[0].from == civil_date{2026, 1, 1});
  CHECK(figures[0].consumption.wh == 3'500'000); // 181 days less an hour of 4.8 kWh, the rest of 14.4: 3518 kWh
  CHECK(figures[1].source == annual_source::central);
  CHECK(figures[1].from == civil_date{2026, 2, 1});
  CHECK(figures[6].from == civil_date{2026, 7, 1});
  // Until July it used what the shape says, and the shape's year is 2635.4 kWh.
  CHECK(figures[6].consumption.wh == shapes.begin()->second.annual.total_wh());
  CHECK(figures[11].consumption.wh > figures[6].consumption.wh);
}
