#include "twins/gaps.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <vector>

using namespace gridtwin;
using gridtwin::testing::seeded_random;

namespace {

std::vector<gap> find_gaps(const std::map<std::int32_t, std::uint64_t>& masks) {
  std::vector<gap> out;
  gap_finder finder;
  for (const auto& [day, mask] : masks)
    finder.add_day({day}, mask, [&](const gap& g) { out.push_back(g); });
  return out;
}

/// One half hour after the other.
std::vector<gap> naive_gaps(const std::map<std::int32_t, std::uint64_t>& masks) {
  std::set<std::int32_t> present;
  for (const auto& [day, mask] : masks)
    for (int slot = 0; slot < periods_per_day; ++slot)
      if ((mask >> slot & 1U) != 0)
        present.insert(period_at({day}, slot).number);
  std::vector<gap> out;
  if (present.empty())
    return out;
  for (std::int32_t n = *present.begin(); n <= *present.rbegin(); ++n) {
    if (present.contains(n))
      continue;
    if (!out.empty() && out.back().last.number == n - 1)
      out.back().last.number = n;
    else
      out.push_back({{n}, {n}});
  }
  return out;
}

constexpr std::uint64_t whole_day = (std::uint64_t{1} << periods_per_day) - 1;

} // namespace

TEST_CASE("gaps: none before the first value and none after the last") {
  CHECK(find_gaps({}).empty());
  CHECK(find_gaps({{5, 0}}).empty());
  CHECK(find_gaps({{5, whole_day}}).empty());
  CHECK(find_gaps({{5, 0b1110}, {6, 0}}).empty());
  CHECK(find_gaps({{5, std::uint64_t{1} << 47}, {6, 1}}).empty());
}

TEST_CASE("gaps: over midnight and whole days") {
  const auto open = find_gaps({{5, 1}, {6, 1}});
  REQUIRE(open.size() == 1);
  CHECK(open[0] == gap{period_at({5}, 1), period_at({5}, 47)});
  CHECK(open[0].periods() == 47);
  const auto days = find_gaps({{5, whole_day}, {8, whole_day}}); // days without any value are not offered
  REQUIRE(days.size() == 1);
  CHECK(days[0] == gap{period_at({6}, 0), period_at({7}, 47)});
  CHECK(days[0].periods() == 96);
  CHECK(find_gaps({{5, whole_day}, {6, 0}, {7, 0}, {8, whole_day}}) == days);
  CHECK(find_gaps({{5, 0b101}}) == std::vector<gap>{{period_at({5}, 1), period_at({5}, 1)}});
}

TEST_CASE("gaps: agree with a bitmap over random days") {
  seeded_random random(3);
  int wrong = 0;
  for (int round = 0; round < 3000; ++round) {
    std::map<std::int32_t, std::uint64_t> masks;
    std::int32_t day = random.between(-5, 20'000);
    for (std::uint64_t n = random.below(6); n != 0; --n) {
      std::uint64_t mask = random.bits() & whole_day;
      switch (random.below(5)) {
      case 0:
        mask = whole_day;
        break;
      case 1:
        mask = 0;
        break;
      case 2:
        mask &= random.bits() & random.bits();
        break;
      case 3:
        mask |= random.bits() & whole_day;
        break;
      default:
        break;
      }
      masks[day] = mask;
      day += random.chance(1, 3) ? random.between(1, 4) : 1;
    }
    wrong += find_gaps(masks) == naive_gaps(masks) ? 0 : 1;
  }
  CHECK(wrong == 0);
}
