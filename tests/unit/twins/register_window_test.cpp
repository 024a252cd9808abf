#include "twins/register_window.hpp"

#include "tests/support/known_facts.hpp"
#include "tests/support/seeded_random.hpp"
#include "twins/energy.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();
constexpr register_limits any_window{100, largest};
constexpr std::int32_t base = 985'000; ///< 2026-03

grid_read read_at(std::int64_t boundary, std::int64_t wh) {
  return {boundary, {boundary * seconds_per_period, wh}, false};
}

/// Between two reads so many half hours apart, the first at `base`.
register_window spread(const known_facts& facts, std::int32_t half_hours, std::int64_t advance_wh,
                       const register_limits& limits = any_window) {
  return spread_advance(read_at(base, 1000), read_at(base + half_hours, 1000 + advance_wh), facts, limits);
}

std::vector<std::int64_t> shares_of(const register_window& window) {
  std::vector<std::int64_t> out;
  for (const auto& share : window.shares)
    out.push_back(share.wh);
  return out;
}

using wh_list = std::vector<std::int64_t>;

} // namespace

TEST_CASE("register_window: ES-09, the worked advances") {
  known_facts facts;
  for (std::int32_t i = 1; i <= 4; ++i)
    facts.shape[{base + i}] = mean_of(i);
  CHECK(shares_of(spread(facts, 4, 5000)) == wh_list{500, 1000, 1500, 2000});
  facts.shape.clear();
  facts.shape_elsewhere = mean_of(1);
  const register_window thirds = spread(facts, 3, 1000);
  CHECK(shares_of(thirds) == wh_list{334, 333, 333});
  CHECK(thirds.share_of({base + 1}) == 334);
  CHECK(thirds.share_of({base + 3}) == 333);
  CHECK(!thirds.share_of({base}));
  CHECK(!thirds.share_of({base + 4}));
}

TEST_CASE("register_window: actuals are taken off first, and half hours without supply get nothing") {
  known_facts facts;
  facts.shape_elsewhere = mean_of(100);
  facts.actuals[{base + 2}] = 4000;
  facts.without_supply = {{base + 3}};
  const register_window window = spread(facts, 4, 5001);
  CHECK(!window.fault);
  CHECK(window.actual_wh == 4000);
  CHECK(window.shares == std::vector<register_window::share>{{base + 1, 501}, {base + 4, 500}});
  facts.shape_elsewhere = mean_of(0); // zeros count as flat
  CHECK(shares_of(spread(facts, 4, 5001)) == wh_list{501, 500});
  CHECK(shares_of(spread(facts, 4, 4000)) == wh_list{0, 0});
}

TEST_CASE("register_window: ES-09 estimates that were received are taken off as actuals are, and get no share") {
  using enum estimation_exception;
  known_facts facts;
  facts.shape_elsewhere = mean_of(100);
  facts.actuals[{base + 1}] = 300;
  facts.received_estimates[{base + 2}] = 700;
  facts.received_estimates[{base + 4}] = 0;
  facts.without_supply = {{base + 2}, {base + 3}}; // what was received for such a half hour is settled all the same
  const register_window window = spread(facts, 6, 2001);
  REQUIRE(!window.fault);
  CHECK(window.actual_wh == 300);
  CHECK(window.received_wh == 700);
  CHECK(window.shares == std::vector<register_window::share>{{base + 5, 501}, {base + 6, 500}});
  facts.shape[{base + 2}] = {}; // nor does it need a shape
  CHECK(!spread(facts, 6, 1000).fault);
  CHECK(shares_of(spread(facts, 6, 1000)) == wh_list{0, 0});
  const register_window below = spread(facts, 6, 999); // as with actuals: no energy is taken away again
  CHECK(below.fault == register_below_intervals);
  CHECK(below.shares.empty());
  CHECK(below.received_wh == 0);
  facts.actuals.clear();
  CHECK(spread(facts, 6, 699).fault == register_below_intervals);
}

TEST_CASE("register_window: each fault, and what is just no fault") {
  using enum estimation_exception;
  known_facts facts;
  facts.shape_elsewhere = mean_of(100);
  facts.actuals[{base + 1}] = 600;
  CHECK(!spread(facts, 2, 600).fault);
  CHECK(spread(facts, 2, 599).fault == register_below_intervals);
  CHECK(spread(facts, 2, -1).fault == register_backwards);
  CHECK(!spread(facts, 2 * periods_per_day, 10'000, {2, largest}).fault);
  CHECK(spread(facts, 2 * periods_per_day + 1, 10'000, {2, largest}).fault == register_window_too_long);
  CHECK(!spread(facts, 2, 700, {2, 100}).fault);
  CHECK(spread(facts, 2, 701, {2, 100}).fault == register_above_maximum);
  facts.shape[{base + 1}] = {}; // has an actual: its shape is of no matter
  CHECK(!spread(facts, 3, 700).fault);
  facts.shape[{base + 2}] = {};
  CHECK(spread(facts, 3, 700).fault == register_without_shape);
  CHECK(spread(facts, 3, 700).shares.empty());
  facts.without_supply = {{base + 2}};
  CHECK(!spread(facts, 3, 700).fault);
  const grid_read doubtful{base, {base * seconds_per_period, 0}, true};
  CHECK(spread_advance(doubtful, read_at(base + 3, 700), facts, any_window).fault == register_contradicted);
  CHECK(spread_advance(read_at(base - 3, 0), doubtful, facts, any_window).fault == register_contradicted);
}

TEST_CASE("register_window: reads go to the nearest boundary, one for each") {
  const auto boundary_of = [](std::int64_t at_s) { return on_grid(std::vector<register_read>{{at_s, 5}})[0].boundary; };
  CHECK(boundary_of(0) == 0);
  CHECK(boundary_of(899) == 0);
  CHECK(boundary_of(900) == 1);
  CHECK(boundary_of(1800) == 1);
  CHECK(boundary_of(2699) == 1);
  CHECK(boundary_of(-1) == 0);
  CHECK(boundary_of(-900) == 0);
  CHECK(boundary_of(-901) == -1);
  CHECK(boundary_of(-1800) == -1);
  CHECK(boundary_of(largest) == (largest - 7) / 1800); // 2^63 - 1 is 7 above a boundary
  CHECK(boundary_of(std::numeric_limits<std::int64_t>::min()) == -(largest - 7) / 1800);
  // The nearest of three; of two as near the earlier, whatever comes first.
  CHECK(on_grid(std::vector<register_read>{{1790, 1}, {1801, 2}, {1900, 3}})
        == std::vector<grid_read>{{1, {1801, 2}, false}});
  CHECK(on_grid(std::vector<register_read>{{1810, 2}, {1790, 1}}) == std::vector<grid_read>{{1, {1790, 1}, false}});
  // The same twice is one read; two values at one instant are a contradiction.
  CHECK(on_grid(std::vector<register_read>{{1800, 1}, {1800, 1}}) == std::vector<grid_read>{{1, {1800, 1}, false}});
  CHECK(on_grid(std::vector<register_read>{{1800, 2}, {1800, 1}}) == std::vector<grid_read>{{1, {1800, 1}, true}});
}

TEST_CASE("register_window: the window around a half hour; none before the first read and behind the last") {
  known_facts facts;
  facts.shape_elsewhere = mean_of(1);
  for (const std::int32_t at : {0, 3, 5})
    facts.reads.push_back({(base + at) * seconds_per_period, at * 100});
  register_windows windows(facts, any_window);
  CHECK(windows.around({base}) == nullptr);
  REQUIRE(windows.around({base + 1}) != nullptr);
  CHECK(windows.around({base + 1})->last.wh == 300);
  CHECK(windows.around({base + 3}) == windows.around({base + 1}));
  CHECK(windows.around({base + 4})->first.wh == 300);
  CHECK(windows.around({base + 5})->share_of({base + 5}) == 100);
  CHECK(windows.around({base + 6}) == nullptr);
}

TEST_CASE("register_window: the largest advance, shape and actuals do not overflow") {
  known_facts facts;
  facts.shape_elsewhere = mean_of(largest_shape_wh);
  const auto window =
    spread_advance(read_at(base, 0), read_at(base + 100 * periods_per_day, largest), facts, any_window);
  REQUIRE(!window.fault);
  uint128 sum = 0;
  for (const auto& share : window.shares)
    sum += static_cast<uint128>(share.wh);
  CHECK(sum == static_cast<uint128>(largest));
  // 14,400 half hours of the largest energy are more than 63 bits hold.
  const std::int32_t half_hours = 300 * periods_per_day;
  for (std::int32_t i = 1; i < half_hours; ++i)
    facts.actuals[{base + i}] = largest_energy_wh;
  CHECK(spread_advance(read_at(base, 0), read_at(base + half_hours, largest), facts, {300, largest}).fault
        == estimation_exception::register_below_intervals);
}

TEST_CASE("register_window: ES-09, whatever the windows, shares and what was received are the advance") {
  seeded_random random(20261127);
  for (int round = 0; round < 300; ++round) {
    known_facts facts;
    const std::int32_t half_hours = random.between(2, 200);
    for (std::int32_t i = 1; i <= half_hours; ++i) {
      const period p{base + i};
      facts.shape[p] = mean_of(random.chance(1, 4) ? 0 : random.between<std::int64_t>(0, 900));
      if (random.chance(1, 3))
        facts.actuals[p] = random.between<std::int64_t>(0, 2000);
      else if (random.chance(1, 5))
        facts.received_estimates[p] = random.between<std::int64_t>(0, 2000);
      if (random.chance(1, 10))
        facts.without_supply.insert(p);
    }
    const auto received_at = [&](period p) {
      const auto actual_wh = facts.actual_at(p);
      return actual_wh ? actual_wh : facts.received_estimate_at(p);
    };
    // Reads some minutes off the grid; between each two at least what was received has passed.
    std::int64_t register_wh = random.between<std::int64_t>(0, 1'000'000);
    std::int32_t at = 0;
    facts.reads.push_back({base * seconds_per_period + random.between<std::int64_t>(-900, 899), register_wh});
    std::int64_t advances = 0;
    while (at < half_hours) {
      const std::int32_t next = std::min(half_hours, at + random.between(1, 60));
      bool open = false;
      for (std::int32_t i = at + 1; i <= next; ++i) {
        const period p{base + i};
        register_wh += received_at(p).value_or(0);
        open = open || (!received_at(p) && !facts.without_supply.contains(p));
      }
      const std::int64_t rest = open ? random.between<std::int64_t>(0, 50'000) : 0;
      register_wh += rest;
      advances += rest;
      facts.reads.push_back(
        {(base + next) * seconds_per_period + random.between<std::int64_t>(-900, 899), register_wh});
      at = next;
    }
    register_windows windows(facts, any_window);
    std::int64_t estimated = 0;
    std::int64_t received_wh = 0;
    for (std::int32_t i = 1; i <= half_hours; ++i) {
      const period p{base + i};
      const register_window* const window = windows.around(p);
      REQUIRE(window != nullptr);
      REQUIRE(!window->fault);
      const auto share = window->share_of(p);
      CHECK(share.has_value() == (!received_at(p) && !facts.without_supply.contains(p)));
      estimated += share.value_or(0);
      received_wh += received_at(p).value_or(0);
    }
    CHECK(estimated == advances);
    CHECK(estimated + received_wh == facts.reads.back().wh - facts.reads.front().wh);
  }
}

namespace {

history_calendar four_weeks({4, 3}); ///< no test of these has holidays
const register_limits by_history{100, largest, &four_weeks};

/// What the meter used in the half hour at `base + place`, on each of so many days before.
void know_history(known_facts& facts, std::int32_t place, std::int64_t wh, int days = 28) {
  for (std::int32_t day = 1; day <= days; ++day)
    facts.actuals[{base + place - day * periods_per_day}] = wh;
}

} // namespace

TEST_CASE("register_window: by own history each half hour weighs what the meter used at that time before (ES-09)") {
  known_facts facts; // without any shape
  know_history(facts, 1, 100);
  know_history(facts, 2, 300);
  know_history(facts, 3, 0);
  facts.actuals[{base + 4}] = 1000;
  const register_window window = spread(facts, 4, 1401, by_history);
  REQUIRE(!window.fault);
  CHECK(shares_of(window) == wh_list{101, 300, 0}); // 100.25 and 300.75: what remains goes to the earliest
  CHECK(window.by_history == 3);
  CHECK(spread(facts, 4, 1401).fault == estimation_exception::register_without_shape);
}

TEST_CASE("register_window: a half hour without a history weighs its shape, at the level of the others") {
  known_facts facts;
  for (std::int32_t i = 1; i <= 3; ++i)
    facts.shape[{base + i}] = mean_of(100 * i);
  know_history(facts, 1, 40);
  know_history(facts, 2, 20); // together 60 for 300
  register_window window = spread(facts, 3, 1200, by_history);
  CHECK(shares_of(window) == wh_list{400, 200, 600});
  CHECK(window.by_history == 2);
  CHECK(shares_of(spread(facts, 3, 1200)) == wh_list{200, 400, 600});
  facts.shape[{base + 3}] = {}; // neither
  CHECK(spread(facts, 3, 1200, by_history).fault == estimation_exception::register_without_shape);
  // One whose shape is not known says nothing about the level.
  facts.shape[{base + 3}] = mean_of(300);
  facts.shape[{base + 2}] = {};
  CHECK(shares_of(spread(facts, 3, 1800, by_history)) == wh_list{400, 200, 1200});
}

TEST_CASE("register_window: over the shape where history is empty or all zeros, or a share would be too large") {
  known_facts facts;
  facts.shape[{base + 1}] = mean_of(100);
  facts.shape[{base + 2}] = mean_of(300);
  const auto over_shape = [&](const register_limits& limits) {
    const register_window window = spread(facts, 2, 400, limits);
    CHECK(!window.fault);
    CHECK(window.by_history == 0);
    return shares_of(window) == wh_list{100, 300};
  };
  CHECK(over_shape(by_history));
  know_history(facts, 1, 0);
  know_history(facts, 2, 0);
  CHECK(over_shape(by_history)); // an empty house that somebody has moved into
  know_history(facts, 1, 900);
  know_history(facts, 2, 100);
  CHECK(shares_of(spread(facts, 2, 400, by_history)) == wh_list{360, 40});
  CHECK(over_shape({100, 359, &four_weeks}));
  CHECK(spread(facts, 2, 400, {100, 299, &four_weeks}).fault == estimation_exception::register_above_maximum);
}

TEST_CASE("register_window: by own history, too, together exactly the advance, whatever is missing (ES-09)") {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    CAPTURE(seed);
    seeded_random random(seed);
    known_facts facts;
    const auto half_hours = random.between<std::int32_t>(1, 4 * periods_per_day);
    for (std::int32_t i = 1 - 28 * periods_per_day; i <= half_hours; ++i) {
      facts.shape[{base + i}] = mean_of(random.between<std::int64_t>(0, 900));
      if (random.chance(1, i > 0 ? 3 : 8))
        facts.actuals[{base + i}] = random.between<std::int64_t>(0, 900);
    }
    std::int64_t actual_wh = 0;
    for (std::int32_t i = 1; i <= half_hours; ++i)
      actual_wh += facts.actual_at({base + i}).value_or(0);
    const std::int64_t missing_wh = random.between<std::int64_t>(0, 100'000);
    const register_window window = spread(facts, half_hours, actual_wh + missing_wh, by_history);
    REQUIRE(!window.fault);
    CHECK(window.actual_wh == actual_wh);
    std::int64_t sum = 0;
    for (const auto& share : window.shares) {
      CHECK(share.wh >= 0);
      sum += share.wh;
    }
    CHECK(sum == (window.shares.empty() ? 0 : missing_wh));
  }
}

TEST_CASE("register_window: by own history the largest values do not overflow") {
  known_facts facts;
  facts.shape_elsewhere = mean_of(largest_shape_wh);
  know_history(facts, 1, largest_energy_wh);
  facts.shape[{base + 1}] = mean_of(1); // what has no history would weigh more than 63 bits hold
  CHECK(shares_of(spread(facts, 2, 1'000'000'000, by_history)) == wh_list{1, 999'999'999});
  CHECK(spread(facts, 2, 1'000'000'000, by_history).by_history == 0);
  facts.shape.clear();
  const register_window window =
    spread_advance(read_at(base, 0), read_at(base + 100 * periods_per_day, largest), facts, by_history);
  REQUIRE(!window.fault);
  CHECK(window.by_history > 0);
  uint128 sum = 0;
  for (const auto& share : window.shares)
    sum += static_cast<uint128>(share.wh);
  CHECK(sum == static_cast<uint128>(largest));
}
