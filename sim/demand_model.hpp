#pragma once

#include "sim/random_streams.hpp"
#include "twins/codes.hpp"
#include "twins/counter_random.hpp"
#include "twins/estate.hpp"
#include "twins/period.hpp"

#include <array>
#include <cstdint>

namespace gridtwin {

/// Most energy of a simulated half hour: what a whole-current meter may report without being `over-maximum`.
inline constexpr std::int64_t most_simulated_wh = 60'000;

/// What all customers share in one half hour.
struct half_hour_shape {
  std::int32_t domestic_w = 0;     ///< mean power of the average household
  std::int32_t non_domestic_w = 0; ///< mean power of the average small business
  std::int32_t sun_permille = 0;   ///< of a panel's peak power under a clear sky
};
using day_shape = std::array<half_hour_shape, periods_per_day>;

/// The shape of the 48 half hours of a UTC day, by season and type of day of the local clock.
day_shape shape_of(utc_day day) noexcept;

/// What sets one customer apart from the average; the same for one meter in every estate and order.
struct customer {
  std::uint64_t noise_key = 0;
  std::uint64_t weather_key = 0;     ///< shared by a GSP group
  std::int32_t size_permille = 1000; ///< 300 to 3000, four times that at a low-voltage or higher connection
  std::int32_t panel_w = 0;          ///< peak power of a rooftop panel, 0 for none
  bool domestic = true;
};

/// Half-hourly energy of any meter and period, a pure function of (seed, MPAN, quantity, period).
class demand_model {
public:
  explicit demand_model(std::uint64_t seed) noexcept
    : customers_(key_of(seed, random_stream::household)), weather_(key_of(seed, random_stream::weather)) {}

  customer customer_of(const estate& where, const connection& at) const noexcept;

  /// Wh (varh for reactive quantities), 0 to `most_simulated_wh`. `shape` is the period's place in its day's shape.
  static std::int64_t energy_wh(const customer& who, quantity what, period when, const half_hour_shape& shape) noexcept;

private:
  std::uint64_t customers_;
  std::uint64_t weather_;
};

} // namespace gridtwin
