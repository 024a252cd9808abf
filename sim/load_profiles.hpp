#pragma once

#include "twins/period.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace gridtwin {

/// Seasons of the profile classes, in the order of the published columns.
enum class season : std::uint8_t { autumn, high_summer, summer, spring, winter };
enum class day_type : std::uint8_t { weekday, saturday, sunday };

inline constexpr std::size_t profile_columns = 15; ///< season times day type
/// Mean power in watts by period of the local clock (0 ends 00:30) and column (season * 3 + day type).
using profile_table = std::array<std::array<std::int16_t, profile_columns>, periods_per_day>;

extern const profile_table domestic_profile_w;     ///< profile class 1, domestic unrestricted
extern const profile_table non_domestic_profile_w; ///< profile class 3, non-domestic unrestricted

constexpr std::size_t profile_column(season s, day_type d) noexcept {
  return static_cast<std::size_t>(s) * 3 + static_cast<std::size_t>(d);
}

/// The season of a local date. Elexon bounds seasons by clock changes and the August bank holiday, which move by up to
/// a week; these are fixed dates close to them.
season season_of(const civil_date& local_date) noexcept;
day_type day_type_of(const civil_date& local_date) noexcept;

} // namespace gridtwin
