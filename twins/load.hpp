#pragma once

#include "twins/meter_twin.hpp"

#include <array>
#include <cstdint>

namespace gridtwin {

/// What is known of one half hour of a feeder or transformer: sums of current values, counts of meters.
struct half_hour_load {
  std::int64_t import_wh = 0;
  std::int64_t export_wh = 0;
  std::uint32_t reported = 0;  ///< meters with a current value of any quantity
  std::uint32_t estimated = 0; ///< of those, meters with an estimate among them
  std::uint32_t revision = 0;  ///< accepted versions under this half hour

  half_hour_load& operator+=(const half_hour_load& other) noexcept {
    import_wh += other.import_wh;
    export_wh += other.export_wh;
    reported += other.reported;
    estimated += other.estimated;
    revision += other.revision;
    return *this;
  }
  half_hour_load& operator-=(const half_hour_load& other) noexcept {
    import_wh -= other.import_wh;
    export_wh -= other.export_wh;
    reported -= other.reported;
    estimated -= other.estimated;
    revision -= other.revision;
    return *this;
  }
  bool operator==(const half_hour_load&) const = default;
};

/// A UTC day of a feeder or transformer.
using day_load = std::array<half_hour_load, periods_per_day>;

day_load& operator+=(day_load& sum, const day_load& other) noexcept;

/// What one meter gives to its feeder in one half hour, from the current values. Where a reading changes a half hour,
/// all that the meter gave before is taken out and all that it gives now is put in: a late or corrected value replaces
/// what stood.
half_hour_load half_hour_of(const meter_twin& twin, utc_day day, int slot) noexcept;

/// Folds one meter's readings of a day into its feeder's: the sum over its half hours of `half_hour_of`.
void add_meter(day_load& sum, const meter_twin& twin, utc_day day) noexcept;

// -- implementation ---------------------------------------------------------------------------------------------------

namespace detail {
half_hour_load special_half_hour_of(const meter_twin& twin, utc_day day, int slot) noexcept;
} // namespace detail

inline half_hour_load half_hour_of(const meter_twin& twin, utc_day day, int slot) noexcept {
  const meter_day* const held = twin.days().lone_import(day);
  if (held == nullptr)
    return detail::special_half_hour_of(twin, day, slot);
  if ((held->occupied_mask() >> slot & 1U) == 0)
    return {};
  if ((held->special_mask() >> slot & 1U) != 0)
    return detail::special_half_hour_of(twin, day, slot);
  return {held->plain_wh()[static_cast<std::size_t>(slot)], 0, 1, 0, 1};
}

/// Adds the usual reading to a half hour to which its meter gave nothing before: what `half_hour_of` gives of it now.
inline void add_first_import(half_hour_load& sum, std::int64_t wh) noexcept {
  sum.import_wh += wh;
  ++sum.reported;
  ++sum.revision;
}

} // namespace gridtwin
