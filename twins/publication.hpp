#pragma once

#include <cstdint>
#include <string>

namespace gridtwin {

/// Fewest meters in a figure that leaves the estate (AG-04). No operator's own text says 5; those who read their open
/// data take rows of fewer for invalid (domain notes 7).
inline constexpr std::uint32_t default_privacy_floor = 5;
/// Nobody may set less: of two meters' sum each household can work out the other's, of one there is nothing to work
/// out.
inline constexpr std::uint32_t least_privacy_floor = 3;
inline constexpr std::uint32_t largest_privacy_floor = 1'000'000;

/// Why a half hour of a feeder is not published, in whole or in part.
enum class suppression : std::uint8_t {
  none,
  too_few,          ///< fewer meters than the floor gave active import
  over_maximum,     ///< the feeder's half hour is quarantined (`feeder_limit_wh`)
  reactive_too_few, ///< active import is published; of reactive import there is some, of fewer meters than the floor
};

/// What contributed to a feeder's half hour.
struct contributors {
  std::uint32_t active = 0;   ///< meters with a current value of active import
  std::uint32_t reactive = 0; ///< of reactive import
  bool over_maximum = false;
};

/// The floor comes before the limit: that the sum of very few is high is told to nobody.
constexpr suppression suppression_of(const contributors& of, std::uint32_t privacy_floor) noexcept {
  if (of.active < privacy_floor)
    return suppression::too_few;
  if (of.over_maximum)
    return suppression::over_maximum;
  return of.reactive != 0 && of.reactive < privacy_floor ? suppression::reactive_too_few : suppression::none;
}

/// As the export has it; empty for `none`. Says the floor, never the count: that it was 4 is a disclosure too.
std::string reason_of(suppression why, std::uint32_t privacy_floor);

} // namespace gridtwin
