#include "twins/feeder_limit.hpp"

#include "twins/energy.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace gridtwin {

namespace {

constexpr unsigned per_cent = 100;
constexpr unsigned rated_wh_per_ampere = 3 * 230 / 2; // three phases of 230 V for half an hour
constexpr unsigned milliamperes_per_ampere = 1000;

constexpr std::int64_t clamped(uint128 wh) noexcept {
  constexpr auto most = static_cast<uint128>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(wh, most));
}

bool any_of(connection_type type, const meter_kinds& expected) noexcept {
  const auto& segments = expected[index_of(type)];
  return std::any_of(segments.begin(), segments.end(), [](std::uint32_t count) { return count != 0; });
}

/// What the meters may give together: all of them their alarm limit, or one of them its maximum.
uint128 given_by(const meter_kinds& expected, const energy_limits& energy) noexcept {
  uint128 alarms = 0;
  std::int64_t largest = 0;
  for (std::size_t type = 0; type < connection_type_count; ++type)
    for (std::size_t segment = 0; segment < market_segment_count; ++segment) {
      const std::uint32_t count = expected[type][segment];
      if (count == 0)
        continue;
      alarms += static_cast<uint128>(energy[type][segment].alarm_wh) * count;
      largest = std::max(largest, energy[type][segment].maximum_wh);
    }
  return std::max(alarms, static_cast<uint128>(largest));
}

} // namespace

std::int64_t feeder_limit_wh(const feeder_limits& limits, const energy_limits& energy, std::int64_t rating_ma,
                             const meter_kinds& expected) noexcept {
  const bool low_voltage =
    !any_of(connection_type::high_voltage, expected) && !any_of(connection_type::extra_high, expected);
  if (rating_ma > 0 && low_voltage)
    return clamped(static_cast<uint128>(rating_ma) * rated_wh_per_ampere * static_cast<uint128>(limits.rating_pct)
                   / (milliamperes_per_ampere * per_cent));
  const uint128 of_meters = given_by(expected, energy) * static_cast<uint128>(limits.meters_pct) / per_cent;
  return clamped(std::max(of_meters, static_cast<uint128>(limits.unrated_wh)));
}

} // namespace gridtwin
