#include "twins/settlement_calendar.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace gridtwin;

namespace {

/// Bank holidays of England and Wales, as published (www.gov.uk/bank-holidays).
working_days england_and_wales() {
  return working_days({
    {2013, 1, 1},   {2013, 3, 29},  {2013, 4, 1},   {2013, 5, 6},   {2013, 5, 27},  {2013, 8, 26},  {2013, 12, 25},
    {2013, 12, 26}, {2014, 1, 1},   {2014, 4, 18},  {2014, 4, 21},  {2014, 5, 5},   {2014, 5, 26},  {2014, 8, 25},
    {2014, 12, 25}, {2014, 12, 26}, {2015, 1, 1},   {2015, 4, 3},   {2015, 4, 6},   {2015, 5, 4},   {2015, 5, 25},
    {2015, 8, 31},  {2015, 12, 25}, {2015, 12, 28}, {2026, 1, 1},   {2026, 4, 3},   {2026, 4, 6},   {2026, 5, 4},
    {2026, 5, 25},  {2026, 8, 31},  {2026, 12, 25}, {2026, 12, 28}, {2027, 1, 1},   {2027, 3, 26},  {2027, 3, 29},
    {2027, 5, 3},   {2027, 5, 31},  {2027, 8, 30},  {2027, 12, 27}, {2027, 12, 28}, {2028, 1, 3},   {2028, 4, 14},
    {2028, 4, 17},  {2028, 5, 1},   {2028, 5, 29},  {2028, 8, 28},  {2028, 12, 25}, {2028, 12, 26},
  });
}

/// Domain notes, section 4.
settlement_calendar both_timetables() {
  settlement_timetable legacy{"legacy", {2000, 1, 1}, {}};
  settlement_timetable enduring{"mhhs", {2027, 7, 2}, {}};
  const auto set = [](settlement_timetable& t, run_code r, run_delay d) { t.runs[index_of(r)] = d; };
  set(legacy, run_code::ii, {5, 0});
  set(legacy, run_code::sf, {16, 0});
  set(legacy, run_code::r1, {39, 0});
  set(legacy, run_code::r2, {84, 0});
  set(legacy, run_code::r3, {154, 0});
  set(legacy, run_code::rf, {292, 0});
  set(legacy, run_code::df, {0, 28});
  set(enduring, run_code::ii, {4, 0});
  set(enduring, run_code::sf, {7, 0});
  set(enduring, run_code::r1, {30, 0});
  set(enduring, run_code::rf, {84, 0});
  set(enduring, run_code::df, {0, 20});
  return {{enduring, legacy}, england_and_wales()};
}

std::string date_of(run_code run, const civil_date& date, std::string_view timetable = {}) {
  const settlement_calendar calendar = both_timetables();
  const auto t = timetable.empty() ? calendar.timetable_of(date) : calendar.timetable_named(timetable);
  REQUIRE(t);
  const auto found = calendar.date_of(run, date, **t);
  return found ? format_date(*found) : found.failure().message;
}

} // namespace

TEST_CASE("settlement_calendar: SR-01 runs on either side of the new timetable") {
  CHECK(date_of(run_code::sf, {2027, 7, 1}) == "2027-07-23");
  CHECK(date_of(run_code::sf, {2027, 7, 2}) == "2027-07-13");
  CHECK(date_of(run_code::ii, {2026, 12, 21}, "mhhs") == "2026-12-29"); // Christmas, and Boxing Day on Monday
}

TEST_CASE("settlement_calendar: SR-02 dates worked by hand") {
  CHECK(date_of(run_code::ii, {2027, 7, 1}) == "2027-07-08");
  CHECK(date_of(run_code::ii, {2027, 7, 2}) == "2027-07-08");
  CHECK(date_of(run_code::ii, {2027, 7, 3}) == "2027-07-08");   // a Saturday
  CHECK(date_of(run_code::ii, {2027, 3, 24}) == "2027-04-02");  // over Easter
  CHECK(date_of(run_code::sf, {2013, 12, 20}) == "2014-01-16"); // over Christmas and New Year
  CHECK(date_of(run_code::sf, {2027, 8, 24}) == "2027-09-03");  // over the summer bank holiday
  CHECK(date_of(run_code::r1, {2027, 7, 1}) == "2027-08-25");
  CHECK(date_of(run_code::r1, {2027, 7, 2}) == "2027-08-13");
  CHECK(date_of(run_code::r2, {2026, 12, 21}) == "2027-04-23");
  CHECK(date_of(run_code::rf, {2013, 1, 2}) == "2014-02-26");
  CHECK(date_of(run_code::rf, {2027, 7, 2}) == "2027-10-29");
  CHECK(date_of(run_code::df, {2013, 1, 31}) == "2015-06-01"); // 31 May is a Sunday
}

TEST_CASE("settlement_calendar: what cannot be told is said") {
  CHECK(date_of(run_code::r2, {2027, 7, 2}) == "the timetable 'mhhs' has no run R2 for 2027-07-02");
  CHECK(date_of(run_code::dr, {2027, 7, 1}) == "the timetable 'legacy' has no run DR for 2027-07-01");
  CHECK(date_of(run_code::df, {2027, 7, 2}).find("bank holidays are known for 2013 to 2028") == 0);
  CHECK(date_of(run_code::df, {2027, 7, 2}).ends_with("(--holidays)"));
  const settlement_calendar calendar = both_timetables();
  CHECK(!calendar.timetable_of({1999, 12, 31}));
  CHECK((*calendar.timetable_of({2000, 1, 1}))->name == "legacy");
  CHECK((*calendar.timetable_of({2027, 7, 1}))->name == "legacy");
  CHECK((*calendar.timetable_of({2027, 7, 2}))->name == "mhhs");
  CHECK(calendar.timetable_named("other").failure().message
        == "no timetable is called 'other'; there are: legacy, mhhs");
}

TEST_CASE("settlement_calendar: a month that is shorter, a year that ends") {
  const working_days days = england_and_wales();
  CHECK(days.after({2013, 12, 24}, 0) == civil_date{2013, 12, 24});
  CHECK(days.after({2013, 12, 25}, 0) == civil_date{2013, 12, 27});
  CHECK(days.after({2013, 12, 25}, 1) == civil_date{2013, 12, 27});
  CHECK(days.after({2028, 12, 27}, 2) == civil_date{2028, 12, 29});
  CHECK(!days.after({2028, 12, 27}, 3));
  CHECK(!working_days({}).after({2027, 1, 4}, 1));
  settlement_timetable t{"months", {2000, 1, 1}, {}};
  t.runs[index_of(run_code::df)] = run_delay{0, 14};
  const settlement_calendar calendar({t}, days);
  CHECK(*calendar.date_of(run_code::df, {2012, 12, 31}, t) == civil_date{2014, 2, 28}); // a Friday, in no leap year
}

TEST_CASE("settlement_calendar: SR-03 run codes by name") {
  for (std::size_t i = 0; i < run_count; ++i)
    CHECK(parse_run_code(run_names[i]) == static_cast<run_code>(i));
  CHECK(!parse_run_code("R4"));
  CHECK(!parse_run_code("ii"));
  CHECK(!parse_run_code(""));
}
