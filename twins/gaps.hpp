#pragma once

#include "twins/estate.hpp"

#include <bit>
#include <cstdint>
#include <optional>

namespace gridtwin {

/// A run of half hours without a current value between two that have one. Both ends are missing.
struct gap {
  period first;
  period last;
  constexpr std::uint32_t periods() const noexcept {
    return static_cast<std::uint32_t>(last.number - first.number + 1);
  }
  bool operator==(const gap&) const = default;
};

/// Finds the gaps of one meter and quantity from the masks of its days, given in ascending order.
class gap_finder {
public:
  /// `mask`: bit n, half hour n of the day has a current value. Calls `found(gap)` for each gap that the day closes.
  template <class F>
  void add_day(utc_day day, std::uint64_t mask, F&& found) {
    while (mask != 0) {
      const int first = std::countr_zero(mask);
      const int length = std::countr_one(mask >> first);
      const period begin = period_at(day, first);
      if (last_ && begin.number > last_->number + 1)
        found(gap{{last_->number + 1}, {begin.number - 1}});
      last_ = period{begin.number + length - 1};
      mask &= ~(((std::uint64_t{1} << length) - 1) << first);
    }
  }

private:
  std::optional<period> last_;
};

} // namespace gridtwin
