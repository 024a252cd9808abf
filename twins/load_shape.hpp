#pragma once

#include "twins/codes.hpp"
#include "twins/estate.hpp"
#include "twins/period.hpp"
#include "twins/reading.hpp"
#include "twins/result.hpp"

#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace gridtwin {

/// What connections share that one load shape is for (domain notes 5, IF-022 block B051, H). Changing any part of it is
/// another category.
struct shape_category {
  char gsp_group = 'A'; ///< as in `transformer_info`
  connection_type type = connection_type::whole_current;
  market_segment segment = market_segment::smart;
  bool domestic = true;
  gridtwin::quantity quantity = gridtwin::quantity::active_import;
  auto operator<=>(const shape_category&) const = default;
};

/// Where the value of a load shape comes from (DI-154, H).
enum class shape_flag : char { actual_mean = 'A', default_value = 'D', back_stop = 'E', no_data = 'B' };

/// The largest value that a message can carry: nine whole digits of kWh and three decimals (9.3).
inline constexpr std::int64_t largest_shape_wh = 999'999'999'999;

/// A published value of a load shape: one UTC half hour, Wh (varh for reactive quantities), 0 to `largest_shape_wh`. As
/// kWh with three decimals it is exactly `format_ratio(wh, 1000, 3)`.
struct shape_value {
  std::int64_t wh = 0; ///< 0 where there is no data
  shape_flag flag = shape_flag::no_data;
  bool operator==(const shape_value&) const = default;
};

/// What a load shape knows of one half hour: the actual readings of its category, summed. Parts may be added in any
/// order and grouping: nothing is rounded before it is published. Bounds: 2^32 readings, 2^63 Wh.
struct shape_half_hour {
  std::int64_t sum_wh = 0;
  std::uint32_t actuals = 0;

  shape_half_hour& operator+=(const shape_half_hour& other) noexcept {
    sum_wh += other.sum_wh;
    actuals += other.actuals;
    return *this;
  }
  bool operator==(const shape_half_hour&) const = default;
};

/// A load shape's value of one half hour: the simple mean of the actual readings, rounded half to even to a watt-hour,
/// flag A (domain notes 5, METH005 v5.3 as quoted, M). With fewer than `fewest_actuals` of them it is `fallback`, if
/// that has flag D or E and a value that can be published, else no data, flag B. A threshold of 0 counts as 1.
/// The industry's threshold is not known; 1 is ours.
shape_value value_of(const shape_half_hour& half_hour, std::uint32_t fewest_actuals = 1,
                     const shape_value& fallback = {}) noexcept;

/// A UTC day of a load shape as it is published.
using published_shape = std::array<shape_value, periods_per_day>;

/// A UTC day of one category's load shape, or a transformer's part of it.
struct shape_day {
  std::array<shape_half_hour, periods_per_day> half_hours{};

  /// Adds a reading of the category, the current one of its meter and half hour. `slot` below 48. False, and nothing is
  /// changed: it is no actual (`is_actual`), or not within 0 to `largest_shape_wh`.
  bool take(int slot, const content& reading) noexcept;

  shape_day& operator+=(const shape_day& other) noexcept;
  bool operator==(const shape_day&) const = default;
};

/// `value_of` each half hour. `fallback`: values from outside where there are too few actuals; none by default.
published_shape publish(const shape_day& day, std::uint32_t fewest_actuals = 1,
                        const published_shape& fallback = {}) noexcept;

// -- totals (IF-023) --------------------------------------------------------------------------------------------------

/// UTC periods of a day, counted from 1, that are off-peak; the others are peak (domain notes T9, DI-044 and DI-045,
/// M).
enum class off_peak_window : std::uint8_t {
  periods_1_to_14, ///< 00:00 to 07:00 UTC
  periods_2_to_15, ///< 00:30 to 07:30 UTC
};

constexpr bool is_off_peak(off_peak_window window, int slot) noexcept {
  const int first = window == off_peak_window::periods_1_to_14 ? 0 : 1;
  return slot >= first && slot < first + 14;
}

/// Sums of published values, Wh, and what they cover. Half hours without data (flag B) add nothing and are not covered.
struct shape_totals {
  std::int64_t peak_wh = 0;
  std::int64_t off_peak_wh = 0;
  std::uint32_t days = 0;       ///< UTC days with a value
  std::uint32_t half_hours = 0; ///< half hours with a value

  constexpr std::int64_t total_wh() const noexcept { return peak_wh + off_peak_wh; }
  shape_totals& operator+=(const shape_totals& other) noexcept {
    peak_wh += other.peak_wh;
    off_peak_wh += other.off_peak_wh;
    days += other.days;
    half_hours += other.half_hours;
    return *this;
  }
  bool operator==(const shape_totals&) const = default;
};

/// Totals of one UTC day (domain notes 5, DI-040 to DI-046, H).
shape_totals totals_of(const published_shape& day, off_peak_window window) noexcept;

/// Totals of each day of one category, all with one window. Days may be missing.
using daily_shape_totals = std::map<utc_day, shape_totals>;

inline constexpr int rolling_days = 7;
inline constexpr int annual_days = 365;

/// Totals of a date and the six before it (DI-041, DI-043, H). Complete with 7 days and 336 half hours; a date that is
/// missing adds nothing, and nothing is put in its place.
shape_totals seven_day_totals(const daily_shape_totals& days, utc_day last);
/// Totals of a date and the 364 before it, in leap years too (that it is so many is ours). Complete with 365 days and
/// 17,520 half hours.
shape_totals annual_totals(const daily_shape_totals& days, utc_day last);

// -- estimates --------------------------------------------------------------------------------------------------------

/// Spreads what a register advanced over the half hours of its window: advance * shape / sum of the shape (domain notes
/// 3.3, TOM definition, M). Wh in, Wh out, one for each half hour of the shape, together exactly the advance.
///
/// Rounding is ours: each share is rounded down, and the watt-hours that remain go one by one to the earliest of the
/// half hours that were rounded down. So an exact share stays, a half hour of shape 0 gets nothing, and each estimate
/// is within a watt-hour of its share. A shape of zeros counts as flat. A half hour without data is a 0 like any other:
/// whoever calls gives it a default before, or does not estimate.
///
/// Exact for all values of 64 bits and any window. Error: the advance or a value of the shape is negative, or the
/// window is empty.
result<std::vector<std::int64_t>> apportion(std::int64_t advance_wh, std::span<const std::int64_t> shape_wh);

/// What a connection is thought to use in a year (IF-040, or the supplier's own figure).
struct annual_consumption {
  std::int64_t wh = 0;
};

/// Estimate of a half hour in Wh, rounded half to even: shape * annual consumption / annual total of the shape (domain
/// notes 3.3, ITRON-LS, `EA12`, M). The total counts as it stands, complete or not.
/// Nothing: the total is 0, something is negative, or a value or the estimate is above `largest_energy_wh`.
std::optional<std::int64_t> scale_by_annual(std::int64_t shape_wh, annual_consumption consumption,
                                            const shape_totals& annual) noexcept;

/// The same where there is no annual total: shape / seven-day total * 7 * annual consumption / 365 (domain notes 3.3:
/// that the 7-day total and a 365th are used M, this form of it L). Rounded once.
std::optional<std::int64_t> scale_by_seven_days(std::int64_t shape_wh, annual_consumption consumption,
                                                const shape_totals& seven_days) noexcept;

} // namespace gridtwin
