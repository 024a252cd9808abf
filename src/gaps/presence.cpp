#include "src/gaps/presence.hpp"

#include <iterator>

namespace gridtwin {

namespace {

constexpr auto in_order = [](const gap& a, const gap& b) {
  return a.first != b.first ? a.first < b.first : a.last < b.last;
};

std::vector<gap> only_in(const std::vector<gap>& these, const std::vector<gap>& not_those) {
  std::vector<gap> out;
  std::set_difference(these.begin(), these.end(), not_those.begin(), not_those.end(), std::back_inserter(out),
                      in_order);
  return out;
}

/// Gaps between `previous` and `next`, and others of their days, which no record has changed.
std::vector<gap> gaps_between(std::optional<period> previous, std::span<const day_change> days,
                              std::optional<period> next, std::uint64_t day_change::*mask) {
  std::vector<gap> out;
  gap_finder finder;
  const auto add = [&](utc_day day, std::uint64_t half_hours) {
    finder.add_day(day, half_hours, [&](const gap& g) { out.push_back(g); });
  };
  if (previous && (days.empty() || previous->day() < days.front().day))
    add(previous->day(), std::uint64_t{1} << previous->slot());
  for (const day_change& d : days)
    add(d.day, d.*mask);
  if (next && (days.empty() || days.back().day < next->day()))
    add(next->day(), std::uint64_t{1} << next->slot());
  return out;
}

} // namespace

gap_changes changes_between(std::optional<period> previous, std::span<const day_change> days,
                            std::optional<period> next) {
  const std::vector<gap> before = gaps_between(previous, days, next, &day_change::before);
  const std::vector<gap> after = gaps_between(previous, days, next, &day_change::after);
  return {only_in(before, after), only_in(after, before)};
}

changed_span span_of(std::span<const day_change> days) noexcept {
  std::optional<period> first;
  period last;
  for (const day_change& d : days) {
    const std::uint64_t changed = d.before ^ d.after;
    if (changed == 0)
      continue;
    if (!first)
      first = period_at(d.day, first_of(changed));
    last = period_at(d.day, last_of(changed));
  }
  return {first.value_or(last), last};
}

period last_change_of(const gap& g, std::span<const day_change> days) noexcept {
  const period behind{g.last.number + 1};
  auto at = std::upper_bound(days.begin(), days.end(), behind.day(),
                             [](utc_day wanted, const day_change& d) { return wanted < d.day; });
  while (at != days.begin()) {
    const day_change& d = *--at;
    std::uint64_t changed = d.before ^ d.after;
    if (d.day == behind.day())
      changed &= bits_before(behind.slot()) | std::uint64_t{1} << behind.slot();
    if (changed != 0)
      return period_at(d.day, last_of(changed));
  }
  return behind;
}

} // namespace gridtwin
