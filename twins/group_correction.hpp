#pragma once

#include "twins/result.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace gridtwin {

__extension__ using int128 = __int128;

/// What a component of a GSP group consumed, or exported, and how far it takes part in correction.
struct weighted_volume {
  std::int64_t wh = 0; ///< 0 to `largest_energy_wh`, as is the sum over the components
  /// Scaling weight of the consumption component class in hundredths, 0 to 9999 (REP-003 gives it as 2.2 decimals); 0
  /// is left as it is.
  std::uint16_t weight_hundredths = 100;
};

/// The range of factors in which nobody need look: 0.9 to 1.1 as quoted (domain notes 5, M); in thousandths.
struct correction_comfort {
  std::int32_t from_thousandths = 900;
  std::int32_t to_thousandths = 1100;
};

/// What reconciles a group with its take: the factor exactly, and the volumes in whole watt-hours.
struct group_correction {
  int128 numerator = 1;                   ///< of the factor; below 0 where small weights carry a large correction
  int128 denominator = 1;                 ///< above 0
  std::vector<std::int64_t> corrected_wh; ///< as the components were given; their sum is the take to the watt-hour

  bool is_within(const correction_comfort& range) const noexcept;
};

/// GSP group correction as a what-if: how volumes would be scaled so that they add up to what entered the group.
/// CF = 1 + (take - sum V) / sum (V W), corrected V (1 + (CF - 1) W) (BSC Annex S-2, 9, L). Import and export have
/// factors of their own: one call for each. Worked out in whole numbers; what rounding to watt-hours leaves goes to the
/// largest remainders, the first of equal ones. `take_wh`: 0 to `largest_energy_wh`. Error (`errc::usage`): out of
/// bounds; nothing that a difference could be spread over; a volume would fall below 0.
result<group_correction> correct_to_take(std::int64_t take_wh, std::span<const weighted_volume> volumes);

/// `1.111111111`: nine decimals, rounded half to even.
std::string format_factor(const group_correction& correction);

} // namespace gridtwin
