#include "twins/meter_twin.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

constexpr bool before(const meter_twin::open_day& held, utc_day day, quantity q) noexcept {
  return held.day != day ? held.day < day : held.quantity < q;
}

} // namespace

assessment meter_twin::assess(const reading& r, const rule_limits& limits) {
  if (const auto refusal = broken_rule(r, *meter_, limits)) {
    ++counters_.refused;
    return {*refusal, {}, false};
  }
  const auto offered =
    open(r.period.day(), r.quantity).offer(r.period.slot(), static_cast<std::uint16_t>(r.version), r.content, true);
  switch (offered.verdict) {
  case verdict::duplicate:
    ++counters_.duplicates;
    break;
  case verdict::conflict:
    ++counters_.conflicts;
    break;
  default:
    ++counters_.accepted;
    break;
  }
  return {offered.verdict, offered.displaced, offered.displaced_fresh};
}

void meter_twin::restore(utc_day day, quantity q, int slot, std::uint16_t version, const content& c, bool fresh) {
  open(day, q).offer(slot, version, c, fresh);
}

const meter_day* meter_twin::find(utc_day day, quantity q) const noexcept {
  const auto at = std::lower_bound(days_.begin(), days_.end(), day,
                                   [q](const open_day& held, utc_day wanted) { return before(held, wanted, q); });
  return at != days_.end() && at->day == day && at->quantity == q ? &at->readings : nullptr;
}

meter_day& meter_twin::open(utc_day day, quantity q) {
  if (!days_.empty() && days_.back().day == day && days_.back().quantity == q) // the usual case: time goes on
    return days_.back().readings;
  auto at = std::lower_bound(days_.begin(), days_.end(), day,
                             [q](const open_day& held, utc_day wanted) { return before(held, wanted, q); });
  if (at != days_.end() && at->day == day && at->quantity == q)
    return at->readings;
  const auto place = at - days_.begin();
  if (days_.size() == days_.capacity() && days_.size() < 4)
    days_.reserve(days_.size() + 1); // most twins hold one or two days: no slack for them
  return days_.insert(days_.begin() + place, open_day{day, q, {}})->readings;
}

bool meter_twin::holds(utc_day day) const noexcept {
  const auto at = std::lower_bound(days_.begin(), days_.end(), day,
                                   [](const open_day& held, utc_day wanted) { return held.day < wanted; });
  return at != days_.end() && at->day == day;
}

std::size_t meter_twin::release_all() noexcept {
  const std::size_t held = days_.size();
  std::vector<open_day>().swap(days_);
  return held;
}

std::size_t meter_twin::release(utc_day day) noexcept {
  if (!holds(day))
    return 0;
  const std::size_t held = days_.size();
  std::erase_if(days_, [day](const open_day& d) { return d.day == day; });
  if (days_.empty())
    std::vector<open_day>().swap(days_);
  return held - days_.size();
}

} // namespace gridtwin
