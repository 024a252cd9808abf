#pragma once

#include "twins/energy.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace gridtwin {

/// On what scale values of a cohort are compared.
enum class cohort_scale : std::uint8_t {
  logarithm, ///< of Wh + 1: twice as much is as far as half as much
  wh
};

/// The logarithm to base 2 of `wh` + 1 in units of 2^-16, rounded down, by repeated squaring of integers: the same on
/// any machine. `wh` at least 0.
std::int64_t log_of(std::int64_t wh) noexcept;

/// A quotient that is compared without rounding. The denominator is above 0.
struct exact_score {
  bool below = false; ///< its sign is minus
  uint128 numerator = 0;
  uint128 denominator = 1;

  /// Above a threshold in thousandths, which is not below 0.
  bool exceeds(std::int64_t threshold_milli) const noexcept {
    return !below && numerator * 1000 > static_cast<uint128>(threshold_milli) * denominator;
  }
  /// Signed, in thousandths, rounded half to even.
  std::int64_t milli() const noexcept;
};

/// `-3.500` of thousandths.
std::string format_milli(std::int64_t milli);

/// Median and median absolute deviation (MAD) of a cohort in one half hour, in integers alone: medians of an even
/// number of values are kept doubled.
class cohort_spread {
public:
  /// `wh`: a value of each meter, at least one, none below 0; it is reordered. The deviation is taken for no smaller
  /// than `floor_wh`: on the logarithm's scale than what that makes at the median.
  cohort_spread(std::span<std::int64_t> wh, cohort_scale scale, std::int64_t floor_wh);

  /// Iglewicz and Hoaglin's modified z-score, 0.6745 (x - median) / MAD, of a value of at least 0.
  exact_score z_of(std::int64_t wh) const noexcept;

  std::size_t size() const noexcept { return size_; }
  /// Twice the median, in Wh on either scale.
  std::int64_t doubled_median_wh() const noexcept { return doubled_median_wh_; }
  /// The deviation with its floor, four times, in units of the scale.
  std::int64_t fourfold_deviation() const noexcept { return fourfold_deviation_; }

private:
  std::int64_t scaled(std::int64_t wh) const noexcept { return scale_ == cohort_scale::wh ? wh : log_of(wh); }

  std::size_t size_;
  cohort_scale scale_;
  std::int64_t doubled_median_wh_;
  std::int64_t doubled_median_ = 0; ///< in units of the scale
  std::int64_t fourfold_deviation_ = 0;
};

} // namespace gridtwin
