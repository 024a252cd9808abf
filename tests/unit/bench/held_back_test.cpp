#include "src/bench/held_back.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace gridtwin;

namespace {

/// Four weeks around the change of the clock in March, all of it actual.
half_hour_table some_weeks(std::size_t rows) {
  half_hour_table out;
  out.first = *from_settlement_period({{2026, 3, 16}, 1});
  out.half_hours = static_cast<std::size_t>(from_settlement_period({{2026, 4, 13}, 1})->number - out.first.number);
  for (std::size_t r = 0; r < rows; ++r)
    out.rows.push_back({{r}, {}, std::vector<std::int64_t>(out.half_hours, 100)});
  return out;
}

} // namespace

TEST_CASE("held_back: single half hours are actual, each once, ascending, and the seed's alone") {
  half_hour_table table = some_weeks(3);
  for (std::size_t i = 0; i < table.half_hours; i += 2)
    table.rows[1].wh[i] = half_hour_table::none;
  const auto held = hold_back_single(table, 300, 7);
  REQUIRE(held);
  CHECK(held->size() == 300);
  CHECK(std::is_sorted(held->begin(), held->end()));
  CHECK(std::set(held->begin(), held->end()).size() == 300);
  std::map<std::uint32_t, int> of_row;
  for (const held_half_hour& h : *held) {
    CHECK(table.rows[h.row].wh[h.position] != half_hour_table::none);
    ++of_row[h.row];
  }
  CHECK(of_row[1] > 30); // a fifth of them, 60, if each is as likely
  CHECK(of_row[1] < 90);
  CHECK(*hold_back_single(table, 300, 7) == *held);
  CHECK(*hold_back_single(table, 300, 8) != *held);
}

TEST_CASE("held_back: whole local dates, also those of 46 half hours, of which nothing is missing") {
  half_hour_table table = some_weeks(20);
  for (std::size_t r = 1; r < table.rows.size(); ++r) // of these only 29 March is whole
    for (std::size_t i = 0; i < table.half_hours; ++i)
      if (const auto local = to_settlement_period(table.at(i));
          local.date != civil_date{2026, 3, 29} && local.number == 20)
        table.rows[r].wh[i] = half_hour_table::none;
  const auto held = hold_back_dates(table, 200, 1);
  REQUIRE(held);
  CHECK(held->size() >= 200);
  CHECK(held->size() < 250);
  CHECK(std::is_sorted(held->begin(), held->end()));
  std::map<std::pair<std::uint32_t, civil_date>, int> dates;
  for (const held_half_hour& h : *held)
    ++dates[{h.row, to_settlement_period(table.at(h.position)).date}];
  bool short_day = false;
  for (const auto& [date, half_hours] : dates) {
    CHECK(half_hours == settlement_periods_of(date.second));
    CHECK((date.first == 0 || date.second == civil_date{2026, 3, 29}));
    short_day |= half_hours == 46;
  }
  CHECK(short_day);
  CHECK(*hold_back_dates(table, 200, 1) == *held);
  CHECK(*hold_back_dates(table, 200, 2) != *held);
}

TEST_CASE("held_back: more than a tenth is refused") {
  const half_hour_table table = some_weeks(1); // 1342
  CHECK(hold_back_single(table, 134, 1));
  CHECK(!hold_back_single(table, 135, 1));
  CHECK(hold_back_dates(table, 134, 1));
  const auto refused = hold_back_dates(table, 135, 1);
  REQUIRE(!refused);
  CHECK(refused.failure().code == errc::usage);
  CHECK(refused.failure().message.find("--count") != std::string::npos);
}
