#include "twins/meter_twin.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

constexpr bool before(const open_day& held, utc_day day, quantity q) noexcept {
  return held.day != day ? held.day < day : held.quantity < q;
}

} // namespace

/// Position of the first of that day or a later one.
std::size_t open_day_list::first_behind(utc_day day) const noexcept {
  const auto at = std::lower_bound(more_->begin(), more_->end(), day,
                                   [](const open_day& held, utc_day wanted) { return held.day < wanted; });
  return static_cast<std::size_t>(at - more_->begin());
}

bool open_day_list::holds_behind(utc_day day) const noexcept {
  if (more_->back().day == day)
    return true;
  const std::size_t at = first_behind(day);
  return at < more_->size() && (*more_)[at].day == day;
}

const meter_day* open_day_list::find_behind(utc_day day, quantity q) const noexcept {
  if (const open_day& last = more_->back(); last.day == day && last.quantity == q) // the usual case: time goes on
    return &last.readings;
  const auto at = std::lower_bound(more_->begin(), more_->end(), day,
                                   [q](const open_day& held, utc_day wanted) { return before(held, wanted, q); });
  return at != more_->end() && at->day == day && at->quantity == q ? &at->readings : nullptr;
}

const meter_day* open_day_list::lone_import_of_many(utc_day day) const noexcept {
  // Import comes before what else is held of a day.
  const auto is_import = [day](const open_day& held) {
    return held.day == day && held.quantity == quantity::active_import;
  };
  if (is_import(more_->back())) // the usual case: time goes on
    return &more_->back().readings;
  if (first_.day == day)
    return is_import(first_) && more_->front().day != day ? &first_.readings : nullptr;
  const std::size_t at = first_behind(day);
  const bool lone =
    at < more_->size() && is_import((*more_)[at]) && (at + 1 == more_->size() || (*more_)[at + 1].day != day);
  return lone ? &(*more_)[at].readings : nullptr;
}

meter_day& open_day_list::open_behind(utc_day day, quantity q) {
  if (empty()) {
    first_.day = day;
    first_.quantity = q;
    return first_.readings;
  }
  if (!more_)
    more_ = std::make_unique<std::vector<open_day>>();
  std::vector<open_day>& more = *more_;
  if (more.size() == more.capacity() && more.size() < 4)
    more.reserve(more.size() + 1); // most twins hold one or two days: no slack for them
  if (before({day, q, {}}, first_.day, first_.quantity)) {
    more.insert(more.begin(), std::exchange(first_, open_day{day, q, {}}));
    return first_.readings;
  }
  if (!more.empty() && more.back().day == day && more.back().quantity == q) // the usual case: time goes on
    return more.back().readings;
  const auto at = std::lower_bound(more.begin(), more.end(), day,
                                   [q](const open_day& held, utc_day wanted) { return before(held, wanted, q); });
  if (at != more.end() && at->day == day && at->quantity == q)
    return at->readings;
  return more.insert(at, open_day{day, q, {}})->readings;
}

assessment meter_twin::record_beside(meter_day& day, const reading& r) {
  const auto offered = day.offer(r.period.slot(), static_cast<std::uint16_t>(r.version), r.content, true);
  if (!offered.displaced || !offered.displaced_fresh)
    return {offered.verdict, false, offered.known_earlier};
  return {offered.verdict, true, false, offered.displaced->wh};
}

void meter_twin::restore(utc_day day, quantity q, int slot, std::uint16_t version, const content& c, bool fresh,
                         bool late) {
  days_.open(day, q).offer(slot, version, c, fresh, late);
}

std::size_t meter_twin::release_all() noexcept {
  return days_.forget_if([](const open_day&) { return true; });
}

std::size_t meter_twin::release(utc_day day) noexcept {
  return holds(day) ? days_.forget_if([day](const open_day& d) { return d.day == day; }) : 0;
}

} // namespace gridtwin
