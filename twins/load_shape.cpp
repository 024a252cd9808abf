#include "twins/load_shape.hpp"

#include "twins/energy.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace gridtwin {

namespace {

constexpr bool publishable(std::int64_t wh) noexcept { return wh >= 0 && wh <= largest_shape_wh; }

constexpr uint128 wide(std::int64_t value) noexcept { return static_cast<uint128>(value); }

/// Rounded half to even; twice the denominator fits.
constexpr uint128 divide_half_even(uint128 numerator, uint128 denominator) noexcept {
  const uint128 quotient = numerator / denominator;
  const uint128 twice_rest = numerator % denominator * 2;
  const bool up = twice_rest > denominator || (twice_rest == denominator && quotient % 2 != 0);
  return up ? quotient + 1 : quotient;
}

shape_totals totals_up_to(const daily_shape_totals& days, utc_day last, int count) {
  const std::int64_t first =
    std::max<std::int64_t>(std::int64_t{last.number} - (count - 1), std::numeric_limits<std::int32_t>::min());
  const auto end = days.upper_bound(last);
  shape_totals out;
  for (auto at = days.lower_bound({static_cast<std::int32_t>(first)}); at != end; ++at)
    out += at->second;
  return out;
}

/// shape * consumption * times / (total * parts)
std::optional<std::int64_t> scale(std::int64_t shape_wh, std::int64_t consumption_wh, int times, std::int64_t total_wh,
                                  int parts) noexcept {
  const auto usable = [](std::int64_t wh) { return wh >= 0 && wh <= largest_energy_wh; };
  if (!usable(shape_wh) || !usable(consumption_wh) || total_wh <= 0)
    return std::nullopt;
  const uint128 out =
    divide_half_even(wide(shape_wh) * wide(consumption_wh) * wide(times), wide(total_wh) * wide(parts));
  if (out > wide(largest_energy_wh))
    return std::nullopt;
  return static_cast<std::int64_t>(out);
}

} // namespace

shape_value value_of(const shape_half_hour& half_hour, std::uint32_t fewest_actuals,
                     const shape_value& fallback) noexcept {
  if (half_hour.actuals >= std::max<std::uint32_t>(fewest_actuals, 1))
    return {static_cast<std::int64_t>(divide_half_even(wide(half_hour.sum_wh), half_hour.actuals)),
            shape_flag::actual_mean};
  const bool given = fallback.flag == shape_flag::default_value || fallback.flag == shape_flag::back_stop;
  return given && publishable(fallback.wh) ? fallback : shape_value{};
}

bool shape_day::take(int slot, const content& reading) noexcept {
  if (!is_actual(reading.quality) || !publishable(reading.wh))
    return false;
  half_hours[static_cast<std::size_t>(slot)] += {reading.wh, 1};
  return true;
}

shape_day& shape_day::operator+=(const shape_day& other) noexcept {
  for (std::size_t i = 0; i < half_hours.size(); ++i)
    half_hours[i] += other.half_hours[i];
  return *this;
}

published_shape publish(const shape_day& day, std::uint32_t fewest_actuals, const published_shape& fallback) noexcept {
  published_shape out;
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = value_of(day.half_hours[i], fewest_actuals, fallback[i]);
  return out;
}

shape_totals totals_of(const published_shape& day, off_peak_window window) noexcept {
  shape_totals out;
  for (int slot = 0; slot < periods_per_day; ++slot) {
    const shape_value& value = day[static_cast<std::size_t>(slot)];
    if (value.flag == shape_flag::no_data)
      continue;
    (is_off_peak(window, slot) ? out.off_peak_wh : out.peak_wh) += value.wh;
    ++out.half_hours;
  }
  out.days = out.half_hours != 0 ? 1 : 0;
  return out;
}

shape_totals seven_day_totals(const daily_shape_totals& days, utc_day last) {
  return totals_up_to(days, last, rolling_days);
}

shape_totals annual_totals(const daily_shape_totals& days, utc_day last) {
  return totals_up_to(days, last, annual_days);
}

result<std::vector<std::int64_t>> apportion(std::int64_t advance_wh, std::span<const std::int64_t> shape_wh) {
  if (advance_wh < 0)
    return error{errc::usage, "the register went back: check the two readings, there is no advance to spread"};
  if (shape_wh.empty())
    return error{errc::usage, "no half hour lies between the two readings: there is nothing to spread an advance over"};
  uint128 sum = 0;
  for (const std::int64_t value : shape_wh) {
    if (value < 0)
      return error{errc::usage, "a value of the load shape is negative: take it out or use another shape"};
    sum += wide(value);
  }
  const bool flat = sum == 0;
  if (flat)
    sum = shape_wh.size();
  // The products stay below 2^126.
  const auto product = [&](std::size_t i) { return wide(advance_wh) * (flat ? 1 : wide(shape_wh[i])); };

  std::vector<std::int64_t> out(shape_wh.size());
  std::int64_t left = advance_wh;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<std::int64_t>(product(i) / sum);
    left -= out[i];
  }
  // What is left is the sum of the parts cut off, each below 1: fewer watt-hours than half hours that were rounded
  // down.
  for (std::size_t i = 0; left > 0; ++i) {
    if (wide(out[i]) * sum == product(i))
      continue;
    ++out[i];
    --left;
  }
  return out;
}

std::optional<std::int64_t> scale_by_annual(std::int64_t shape_wh, annual_consumption consumption,
                                            const shape_totals& annual) noexcept {
  return scale(shape_wh, consumption.wh, 1, annual.total_wh(), 1);
}

std::optional<std::int64_t> scale_by_seven_days(std::int64_t shape_wh, annual_consumption consumption,
                                                const shape_totals& seven_days) noexcept {
  return scale(shape_wh, consumption.wh, rolling_days, seven_days.total_wh(), annual_days);
}

} // namespace gridtwin
