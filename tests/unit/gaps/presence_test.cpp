#include "src/gaps/presence.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

using gap_set = std::set<std::pair<std::int32_t, std::int32_t>>;

gap_set gaps_of(const std::set<std::int32_t>& present) {
  gap_set out;
  for (auto at = present.begin(); at != present.end(); ++at)
    if (const auto next = std::next(at); next != present.end() && *next > *at + 1)
      out.emplace(*at + 1, *next - 1);
  return out;
}

gap_set set_of(const std::vector<gap>& gaps) {
  gap_set out;
  for (const gap& g : gaps)
    out.emplace(g.first.number, g.last.number);
  return out;
}

gap_set less(const gap_set& a, const gap_set& b) {
  gap_set out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(out, out.end()));
  return out;
}

} // namespace

TEST_CASE("presence: TM-07 what a record changes of a meter's gaps is what all of its half hours say") {
  std::size_t closed = 0;
  std::size_t opened = 0;
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    seeded_random dice(seed);
    const std::int32_t first = 100 * periods_per_day + 1;
    const std::int32_t end = first + 4 * periods_per_day;
    const std::uint64_t rarely = 1 + dice.below(30);
    std::set<std::int32_t> before;
    std::set<std::int32_t> after;
    for (std::int32_t p = first; p < end; ++p)
      if (!dice.chance(1, rarely) && dice.chance(1, 1 + seed % 9))
        before.insert(p);
    after = before;
    const std::int32_t from = dice.between(first, end - 1);
    const std::int32_t until = dice.between(from, std::min(end - 1, from + 70));
    for (std::int32_t p = from; p <= until; ++p)
      if (dice.chance(1, 3))
        (dice.chance(1, 2) ? (void)after.insert(p) : (void)after.erase(p));
    std::map<utc_day, day_change> days;
    const auto add = [&](const std::set<std::int32_t>& of, std::uint64_t day_change::*mask) {
      for (const std::int32_t p : of) {
        days[period{p}.day()].day = period{p}.day();
        days[period{p}.day()].*mask |= std::uint64_t{1} << period{p}.slot();
      }
    };
    add(before, &day_change::before);
    add(after, &day_change::after);
    std::vector<day_change> all;
    for (const auto& [day, change] : days)
      all.push_back(change);
    if (before == after)
      continue;
    const changed_span span = span_of(all);
    std::erase_if(all, [&](const day_change& d) { return d.day < span.first.day() || span.last.day() < d.day; });
    std::optional<period> previous;
    std::optional<period> next;
    for (const std::int32_t p : before) {
      if (p < span.first.number)
        previous = period{p};
      if (p > span.last.number && !next)
        next = period{p};
    }
    const gap_changes found = changes_between(previous, all, next);
    CHECK(set_of(found.closed) == less(gaps_of(before), gaps_of(after)));
    CHECK(set_of(found.opened) == less(gaps_of(after), gaps_of(before)));
    CHECK(std::is_sorted(found.opened.begin(), found.opened.end(),
                         [](const gap& a, const gap& b) { return a.first < b.first; }));
    gap_set latest;
    gap_set found_latest; // of each gap its first half hour and the one that changed last
    for (const auto* gaps : {&found.closed, &found.opened})
      for (const gap& g : *gaps) {
        found_latest.emplace(g.first.number, last_change_of(g, all).number);
        for (std::int32_t p = g.last.number + 1; p >= g.first.number - 1; --p)
          if (before.contains(p) != after.contains(p)) {
            latest.emplace(g.first.number, p);
            break;
          }
      }
    CHECK(found_latest == latest);
    closed += found.closed.size();
    opened += found.opened.size();
  }
  CHECK(closed > 100);
  CHECK(opened > 100);
}

TEST_CASE("presence: rows are found by their numbers, in whatever order they came") {
  presence_rows rows;
  rows.set(7, {3, 1});
  rows.set(2, {1, 1});
  rows.set(7, {7, 5});
  CHECK(rows.find(7) == presence{7, 5});
  CHECK(rows.find(2) == presence{1, 1});
  CHECK(rows.find(3) == presence{});
  std::vector<std::uint32_t> order;
  rows.for_each([&](std::uint32_t row, const presence&) { order.push_back(row); });
  CHECK(order == std::vector<std::uint32_t>{2, 7});
}
