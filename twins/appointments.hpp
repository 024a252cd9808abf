#pragma once

#include "twins/estate.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace gridtwin {

struct settlement_inputs;

/// Whether a half hour lies within one of a meter's appointments, which are in order of time and do not touch. A meter
/// without any is appointed always: nobody said otherwise.
inline bool is_appointed(std::span<const period_range> appointed, period p) noexcept {
  if (appointed.empty())
    return true;
  const auto after = std::upper_bound(appointed.begin(), appointed.end(), p.number,
                                      [](std::int32_t number, const period_range& r) { return number < r.first; });
  return after != appointed.begin() && (after - 1)->contains(p);
}

/// When a data service is responsible for the meter of each connection (ECS1001; domain notes 10.3, VA-09). Services
/// that follow one another without a break count as one. Immutable; any thread may ask.
class appointed_ranges {
public:
  /// Every meter is appointed always, and nothing is held.
  appointed_ranges() = default;
  /// Holds 4 bytes a connection and 8 a range, where a meter is not appointed always.
  appointed_ranges(const estate& e, const settlement_inputs& inputs);

  /// For `is_appointed`. Valid as long as this is.
  std::span<const period_range> of(connection_index c) const noexcept {
    if (first_.empty())
      return {};
    return std::span(ranges_).subspan(first_[c.value], first_[c.value + 1] - first_[c.value]);
  }
  bool empty() const noexcept { return first_.empty(); }

private:
  std::vector<period_range> ranges_;
  std::vector<std::uint32_t> first_; ///< by connection, and one more; empty where all are appointed always
};

} // namespace gridtwin
