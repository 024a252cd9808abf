#include "twins/arrivals.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

TEST_CASE("arrivals: counts by instant, in whatever order they come") {
  seeded_random random(77);
  for (int round = 0; round < 50; ++round) {
    arrivals first;
    arrivals second;
    std::map<std::int64_t, std::uint64_t> naive;
    for (int n = 0; n < 60; ++n) {
      const std::int64_t at = random.between(0, 9);
      const std::uint64_t half_hours = random.below(4);
      (random.chance(1, 2) ? first : second).add(at, half_hours);
      if (half_hours != 0)
        naive[at] += half_hours;
    }
    first += second;
    CHECK(std::map(first.by_instant().begin(), first.by_instant().end()) == naive);
    for (std::int64_t at = -1; at < 11; ++at) {
      std::uint64_t before = 0;
      std::uint64_t until = 0;
      for (const auto& [known, half_hours] : naive) {
        before += known < at ? half_hours : 0;
        until += known <= at ? half_hours : 0;
      }
      CHECK(first.before(at) == before);
      CHECK(first.until(at) == until);
    }
  }
}

TEST_CASE("arrivals: SR-04 what was known at the gate itself is late") {
  run_gates gates;
  gates.of[index_of(run_code::sf)] = run_gate{{2027, 7, 14}, 1000};
  gates.of[index_of(run_code::rf)] = run_gate{{2027, 11, 1}, 5000};
  arrivals known;
  known.add(999, 1);
  known.add(1000, 10);
  known.add(4999, 100);
  known.add(5000, 1000);
  using enum submission_timing;
  CHECK(known.timed(on_time, gates, run_code::sf) == 1);
  CHECK(known.timed(late, gates, run_code::sf) == 110);
  CHECK(known.timed(post_final, gates, run_code::sf) == 1000);
  CHECK(known.timed(on_time, gates, run_code::rf) == 111);
  CHECK(known.timed(on_time, gates, run_code::r1) == 0);
}

TEST_CASE("arrivals: a forecast takes as large a share of what is missing as came of the earlier dates") {
  CHECK_FALSE(known_at_gate(100, 40, {}));
  // 60 were missing and 45 of them came; 20 missing, 15 came: three of four.
  const std::vector<earlier_date> earlier{{100, 40, 85}, {100, 80, 95}};
  CHECK(known_at_gate(100, 90, earlier) == 97); // 7.5 of 10, rounded down
  CHECK(known_at_gate(100, 100, earlier) == 100);
  // They had all at that distance: nothing tells that more will come.
  CHECK(known_at_gate(100, 90, std::vector<earlier_date>{{100, 100, 100}}) == 90);
  CHECK(known_at_gate(100, 90, std::vector<earlier_date>{{100, 50, 100}}) == 100);
  const std::uint64_t many = std::numeric_limits<std::uint64_t>::max() / 4; // no product overflows
  CHECK(known_at_gate(many, 0, std::vector<earlier_date>{{many, 0, many}}) == many);
}
