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

  half_hour_load& operator+=(const half_hour_load& other) noexcept;
  half_hour_load& operator-=(const half_hour_load& other) noexcept;
  bool operator==(const half_hour_load&) const = default;
};

/// A UTC day of a feeder or transformer.
using day_load = std::array<half_hour_load, periods_per_day>;

day_load& operator+=(day_load& sum, const day_load& other) noexcept;
day_load& operator-=(day_load& sum, const day_load& other) noexcept;

/// Folds one meter's readings of a day into its feeder's, from the current values. Where a meter's day changes, all
/// that it gave before is taken out and all that it gives now is put in: a late or corrected value replaces what stood.
void add_meter(day_load& sum, const meter_twin& twin, utc_day day) noexcept;

} // namespace gridtwin
