#include "src/half_hours/figure_release.hpp"

#include "src/half_hours/half_hour_event.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

/// A figure by what it is made of: each value of each meter is an unknown of its own.
using unknowns = std::map<std::uint32_t, std::uint32_t>; // meter to the number of its value

std::size_t meters_between(const unknowns& a, const unknowns& b) {
  std::size_t out = 0;
  for (const auto& [meter, value] : a)
    out += b.contains(meter) && b.at(meter) == value ? 0 : 1;
  for (const auto& [meter, value] : b)
    out += a.contains(meter) ? 0 : 1;
  return out;
}

figure_release::value value_of(const unknowns& of, std::uint32_t meter) {
  const auto at = of.find(meter);
  return at == of.end() ? std::nullopt : figure_release::value(at->second);
}

/// Meters that had nothing and have something now.
figure_release::group group_of(std::vector<std::uint32_t> fresh, std::uint32_t reporting, bool in_total = true) {
  figure_release::group out;
  out.reporting = reporting;
  out.in_total = in_total;
  for (const std::uint32_t meter : fresh)
    out.changed.push_back({meter, std::nullopt, 7});
  return out;
}

bool is_enough(std::size_t meters, std::uint32_t floor) { return meters == 0 || meters >= floor; }

} // namespace

TEST_CASE("figure_release: AG-04 no figure that is told and no difference of two is of fewer meters than the floor") {
  constexpr std::uint32_t floor = 5;
  std::size_t told = 0;
  std::size_t withheld = 0;
  std::size_t totals = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    seeded_random dice(seed);
    figure_release release;
    const std::size_t groups = 1 + dice.below(3);
    const std::uint32_t size = 5 + static_cast<std::uint32_t>(dice.below(12));
    std::vector<unknowns> state(groups);
    std::vector<std::vector<unknowns>> figures(groups); // that were told
    std::vector<unknowns> of_total;
    std::uint32_t next = 0;
    for (int record = 0; record < 40; ++record) {
      std::vector<figure_release::group> now(groups);
      for (std::size_t g = 0; g < groups; ++g) {
        const unknowns before = state[g];
        for (std::uint64_t changes = dice.below(dice.below(4) == 0 ? size : 4); changes != 0; --changes) {
          const auto meter = static_cast<std::uint32_t>(100 * g + dice.below(size));
          if (dice.below(4) == 0)
            state[g].erase(meter); // contradicted
          else if (dice.below(4) == 0)
            state[g][meter] = meter; // what it may have had before
          else
            state[g][meter] = 1000 + ++next;
        }
        for (auto meter = static_cast<std::uint32_t>(100 * g); meter < 100 * g + size; ++meter)
          if (const auto was = value_of(before, meter), is = value_of(state[g], meter); was != is)
            now[g].changed.push_back({meter, was, is});
        now[g].reporting = static_cast<std::uint32_t>(state[g].size());
      }
      const auto out = release.add(now, true, floor, true);
      REQUIRE(out.of_groups.size() == groups);
      for (std::size_t g = 0; g < groups; ++g)
        if (out.of_groups[g] >= floor) {
          CHECK(is_enough(state[g].size(), floor));
          for (const unknowns& before : figures[g])
            CHECK(is_enough(meters_between(before, state[g]), floor));
          figures[g].push_back(state[g]);
          ++told;
        } else {
          ++withheld;
        }
      if (out.of_total < floor)
        continue;
      unknowns sum;
      for (std::size_t g = 0; g < groups; ++g) {
        sum.insert(state[g].begin(), state[g].end());
        // It says nothing that the groups' own figures have not said.
        CHECK((state[g].empty() || (!figures[g].empty() && figures[g].back() == state[g])));
      }
      for (const unknowns& before : of_total)
        CHECK(is_enough(meters_between(before, sum), floor));
      of_total.push_back(sum);
      ++totals;
    }
  }
  CHECK(told > 200);
  CHECK(withheld > 200);
  CHECK(totals > 50);
}

TEST_CASE("figure_release: what is whole at once is told at once; a group of few keeps the total back") {
  figure_release release;
  const auto six = group_of({1, 2, 3, 4, 5, 6}, 6);
  const auto same_six = group_of({}, 6);
  auto out = release.add(std::vector{six, group_of({}, 0)}, true, 5, true);
  CHECK(out.of_groups == std::vector<std::uint32_t>{6, of_nobody});
  CHECK(out.of_total == 6);
  out = release.add(std::vector{same_six, group_of({7, 8, 9}, 3)}, true, 5, true);
  CHECK(out.of_groups == std::vector<std::uint32_t>{6, 3});
  CHECK(out.of_total == 0);
  // Of a group that the total leaves out nothing is added to it.
  out = release.add(std::vector{same_six, group_of({}, 3, false)}, true, 5, true);
  CHECK(out.of_total == 6);
  out = release.add(std::vector{same_six, group_of({}, 3, false)}, false, 5, true);
  CHECK(out.of_total == 0);
}

TEST_CASE("figure_release: what was told of records that went by another estate is not told again unchanged") {
  figure_release release;
  const std::vector first{group_of({1, 2, 3, 4, 5, 6}, 6)};
  const std::vector again{group_of({}, 6)};
  CHECK(release.add(first, true, 5, false).of_groups.front() == 6);
  CHECK(release.add(again, true, 5, true).of_groups.front() == 0);
  CHECK(release.add(std::vector{group_of({7, 8, 9, 10, 11}, 11)}, true, 5, true).of_groups.front() == 5);
  CHECK(release.add(std::vector{group_of({}, 11)}, true, 5, true).of_groups.front() == 11);
}

TEST_CASE("figure_release: what was pending before a change of the estate may have been told with other meters") {
  figure_release release;
  (void)release.add(std::vector{group_of({1, 2, 3, 4}, 4)}, true, 5, false);
  CHECK(release.add(std::vector{group_of({5}, 5)}, true, 5, true).of_groups.front() == 1);
  CHECK(release.add(std::vector{group_of({6, 7, 8, 9}, 9)}, true, 5, true).of_groups.front() == 5);
}
