#include "twins/own_history.hpp"

#include "tests/support/known_facts.hpp"
#include "twins/energy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr history_span four_weeks{4, 3};

period at(const civil_date& date, int number) {
  const auto p = from_settlement_period({date, number});
  REQUIRE(p);
  return *p;
}

/// The half hour of that number, on each of the dates.
void know(known_facts& facts, int number, std::initializer_list<civil_date> dates, std::int64_t wh) {
  for (const civil_date& date : dates)
    facts.actuals[at(date, number)] = wh;
}

std::optional<history_mean> history_of(period p, const known_facts& facts, const history_span& span) {
  history_calendar calendar(span);
  return mean_of_history(p, facts, calendar);
}

} // namespace

TEST_CASE("own_history: one calendar serves meters that know other things") {
  known_facts facts;
  history_calendar calendar(four_weeks);
  const period wanted = at({2026, 3, 25}, 19);
  CHECK(!mean_of_history(wanted, facts, calendar));
  know(facts, 19, {{2026, 3, 24}, {2026, 3, 21}}, 100);
  know(facts, 20, {{2026, 3, 24}}, 300);
  const period next = at({2026, 3, 25}, 20);
  for (int again = 0; again < 2; ++again) {
    CHECK(mean_of_history(wanted, facts, calendar) == history_of(wanted, facts, four_weeks));
    CHECK(mean_of_history(next, facts, calendar)->wh == 300);
    know(facts, 19, {{2026, 3, 23}, {2026, 3, 20}}, 700);
  }
}

TEST_CASE("own_history: kinds of day; a holiday is like a Sunday") {
  CHECK(day_kind_of({2026, 3, 2}, false) == day_kind::monday_to_friday);
  CHECK(day_kind_of({2026, 3, 6}, false) == day_kind::monday_to_friday);
  CHECK(day_kind_of({2026, 3, 7}, false) == day_kind::saturday);
  CHECK(day_kind_of({2026, 3, 8}, false) == day_kind::sunday);
  CHECK(day_kind_of({2026, 3, 2}, true) == day_kind::sunday);
  CHECK(day_kind_of({1970, 1, 1}, false) == day_kind::monday_to_friday); // Thursday
  CHECK(day_kind_of({1969, 12, 28}, false) == day_kind::sunday);
  CHECK(day_kind_of({1969, 12, 27}, false) == day_kind::saturday);
}

TEST_CASE("own_history: every period of every kind of day is where the clock has it") {
  for (const civil_date date : {civil_date{2026, 3, 28}, {2026, 3, 29}, {2026, 6, 15}, {2026, 10, 25}}) {
    std::vector<period> all;
    for (int slot = 0; slot < periods_per_day; ++slot)
      for (const period p : periods_at_wall_clock(date, slot)) {
        CHECK(wall_clock_slot(to_settlement_period(p)) == slot);
        all.push_back(p);
      }
    std::sort(all.begin(), all.end());
    CHECK(all == periods_of(date));
  }
  // By the table of the domain notes, section 2: ends, in UTC.
  CHECK(wall_clock_slot(to_settlement_period(ending("2026-03-29T01:00:00Z"))) == 1);  // 00:30
  CHECK(wall_clock_slot(to_settlement_period(ending("2026-03-29T01:30:00Z"))) == 4);  // 02:00 BST
  CHECK(wall_clock_slot(to_settlement_period(ending("2026-03-29T23:00:00Z"))) == 47); // 23:30
  CHECK(wall_clock_slot(to_settlement_period(ending("2026-10-25T01:00:00Z"))) == 3);  // 01:30 BST
  CHECK(wall_clock_slot(to_settlement_period(ending("2026-10-25T01:30:00Z"))) == 2);  // 01:00 GMT
  CHECK(wall_clock_slot(to_settlement_period(ending("2026-10-26T00:00:00Z"))) == 47); // 23:30
  CHECK(periods_at_wall_clock({2026, 3, 29}, 2).empty());
  CHECK(periods_at_wall_clock({2026, 3, 29}, 3).empty());
  CHECK(periods_at_wall_clock({2026, 10, 25}, 2)
        == std::vector<period>{ending("2026-10-25T00:30:00Z"), ending("2026-10-25T01:30:00Z")});
}

TEST_CASE("own_history: the mean of days of the same kind, without one value carrying it") {
  known_facts facts;
  // Wednesday 2026-03-25, 09:00 to 09:30; days of all kinds are known around it.
  const period wanted = at({2026, 3, 25}, 19);
  know(facts, 19, {{2026, 3, 24}}, 100);
  know(facts, 19, {{2026, 3, 23}}, 200);
  know(facts, 19, {{2026, 3, 20}}, 301);
  know(facts, 19, {{2026, 3, 22}, {2026, 3, 21}}, 9000);
  know(facts, 19, {{2026, 3, 26}}, 9000); // behind it
  know(facts, 20, {{2026, 3, 24}}, 9000); // another time
  CHECK(history_of(wanted, facts, four_weeks)
        == history_mean{200, true, {{2026, 3, 20}, {2026, 3, 23}, {2026, 3, 24}}}); // 601 / 3 = 200.3
  know(facts, 19, {{2026, 3, 19}}, 101);
  CHECK(history_of(wanted, facts, four_weeks)->wh == 176); // 702 / 4 = 175.5, half to even
  know(facts, 19, {{2026, 3, 18}}, 50'000);
  CHECK(history_of(wanted, facts, four_weeks)->wh == 201); // 101, 101, 200, 301, 301: 1004 / 5
  know(facts, 19, {{2026, 2, 25}}, 100);                   // four weeks before, to the day
  CHECK(history_of(wanted, facts, four_weeks)->days.front() == civil_date{2026, 2, 25});
  know(facts, 19, {{2026, 2, 24}}, 100);
  CHECK(history_of(wanted, facts, four_weeks)->days.front() == civil_date{2026, 2, 25});
}

TEST_CASE("own_history: where the same kind of day is too few, all days count; with none there is nothing") {
  known_facts facts;
  const period wanted = at({2026, 3, 28}, 19); // Saturday
  CHECK(!history_of(wanted, facts, four_weeks));
  know(facts, 19, {{2026, 3, 21}, {2026, 3, 14}}, 600);
  know(facts, 19, {{2026, 3, 27}}, 300);
  CHECK(history_of(wanted, facts, four_weeks)
        == history_mean{500, false, {{2026, 3, 14}, {2026, 3, 21}, {2026, 3, 27}}});
  CHECK(history_of(wanted, facts, {4, 2}) == history_mean{600, true, {{2026, 3, 14}, {2026, 3, 21}}});
  facts.without_supply = {at({2026, 3, 14}, 19)};
  CHECK(history_of(wanted, facts, {4, 2})->wh == 450);
  facts.without_supply.clear();
  facts.holidays = {{2026, 3, 28}}; // like a Sunday, of which nothing is known
  CHECK(!history_of(wanted, facts, {4, 2})->same_kind);
  facts.holidays = {{2026, 3, 27}, {2026, 3, 28}};
  CHECK(history_of(wanted, facts, {4, 1}) == history_mean{300, true, {{2026, 3, 27}}});
}

TEST_CASE("own_history: the wall clock counts across the changes of March and October") {
  known_facts facts;
  // 01:00 to 01:30 on Sundays: there is none on 2026-03-29, and 2026-04-05 is an hour earlier in UTC.
  know(facts, 3, {{2026, 3, 22}, {2026, 3, 15}, {2026, 3, 8}}, 700);
  know(facts, 3, {{2026, 3, 29}}, 9000); // 02:00
  CHECK(history_of(at({2026, 4, 5}, 3), facts, four_weeks)
        == history_mean{700, true, {{2026, 3, 8}, {2026, 3, 15}, {2026, 3, 22}}});
  CHECK(at({2026, 4, 5}, 3) == ending("2026-04-05T00:30:00Z"));
  // Both of the hours that occur twice are estimated alike, and both are known from then on.
  known_facts autumn;
  know(autumn, 3, {{2026, 10, 18}, {2026, 10, 11}, {2026, 10, 4}}, 500);
  CHECK(history_of(at({2026, 10, 25}, 3), autumn, four_weeks)->wh == 500);
  CHECK(history_of(at({2026, 10, 25}, 5), autumn, four_weeks) == history_of(at({2026, 10, 25}, 3), autumn, four_weeks));
  autumn.actuals[at({2026, 10, 25}, 3)] = 500;
  autumn.actuals[at({2026, 10, 25}, 5)] = 1000;
  CHECK(history_of(at({2026, 11, 1}, 3), autumn, {1, 2}) == history_mean{750, true, {{2026, 10, 25}}});
}

TEST_CASE("own_history: a year of the largest values is their mean") {
  known_facts facts;
  for (int back = 1; back <= 364; ++back)
    know(facts, 19, {civil_from_days(days_from_civil({2026, 3, 25}) - back)}, largest_energy_wh);
  CHECK(history_of(at({2026, 3, 25}, 19), facts, {52, 1})->wh == largest_energy_wh);
}
