#include "twins/arrivals.hpp"

#include "twins/energy.hpp"

#include <algorithm>

namespace gridtwin {

void arrivals::add(std::int64_t known_s, std::uint64_t half_hours) {
  if (half_hours == 0)
    return;
  if (last_ >= by_instant_.size() || by_instant_[last_].first != known_s) {
    const auto at = std::lower_bound(by_instant_.begin(), by_instant_.end(), known_s,
                                     [](const auto& entry, std::int64_t s) { return entry.first < s; });
    last_ = static_cast<std::size_t>(at - by_instant_.begin());
    if (at == by_instant_.end() || at->first != known_s)
      by_instant_.insert(at, {known_s, 0});
  }
  by_instant_[last_].second += half_hours;
}

arrivals& arrivals::operator+=(const arrivals& other) {
  for (const auto& [known_s, half_hours] : other.by_instant_)
    add(known_s, half_hours);
  return *this;
}

std::uint64_t arrivals::before(std::int64_t instant_s) const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [known_s, half_hours] : by_instant_)
    sum += counts_for(known_s, instant_s) ? half_hours : 0;
  return sum;
}

std::uint64_t arrivals::until(std::int64_t instant_s) const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [known_s, half_hours] : by_instant_)
    sum += known_s <= instant_s ? half_hours : 0;
  return sum;
}

std::uint64_t arrivals::timed(submission_timing timing, const run_gates& gates, run_code run) const noexcept {
  std::uint64_t sum = 0;
  for (const auto& [known_s, half_hours] : by_instant_)
    sum += timing_of(known_s, gates, run) == timing ? half_hours : 0;
  return sum;
}

std::optional<std::uint64_t> known_at_gate(std::uint64_t expected, std::uint64_t known,
                                           std::span<const earlier_date> earlier) noexcept {
  if (earlier.empty())
    return std::nullopt;
  std::uint64_t missing_then = 0;
  std::uint64_t came = 0;
  for (const earlier_date& date : earlier) {
    missing_then += date.expected - date.known_then;
    came += date.known_later - date.known_then;
  }
  if (missing_then == 0)
    return known;
  return known + static_cast<std::uint64_t>(uint128{expected - known} * came / missing_then);
}

} // namespace gridtwin
