#pragma once

#include "twins/load.hpp"
#include "twins/rules.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace gridtwin {

/// What a feeder's sum of one half hour is held to (VA-12; open data showed feeders of up to 50 GW, domain notes 7).
/// What is built in is ours: why so, says `built_in_rule_settings`, which a test compares with these.
struct feeder_limits {
  std::int32_t rating_pct = 400;       ///< of what the feeder's `rating_a` carries, where the estate gives one
  std::int64_t unrated_wh = 1'000'000; ///< where it gives none: at least so much is believed
  std::int32_t meters_pct = 100;       ///< ... and such a share of what the meters there may give by their own limits
  bool operator==(const feeder_limits&) const = default;
};

/// How many meters are expected in a half hour, by connection type and market segment (`index_of`).
using meter_kinds = std::array<std::array<std::uint32_t, market_segment_count>, connection_type_count>;

/// Why a feeder's half hour is quarantined.
inline constexpr std::string_view feeder_over_maximum = "feeder-over-maximum";

/// The most that is believed of one half hour of a feeder, in Wh, of import and export each; rounded down.
///
/// Rated, with all of its meters at low voltage (W, L, U): `rating_pct` of rating x 3 phases x 230 V x half an hour. A
/// rating in amperes says nothing of energy where meters at high voltage (H, E) are expected: then as if unrated.
/// Unrated: the larger of `unrated_wh` and `meters_pct` of what the meters may give. That is the sum of their alarm
/// limits, or the maximum of one of them where that is more, so that a reading which is accepted with an alarm does not
/// quarantine the feeder that it has for itself.
std::int64_t feeder_limit_wh(const feeder_limits& limits, const energy_limits& energy, std::int64_t rating_ma,
                             const meter_kinds& expected) noexcept;

/// Whether a feeder's half hour is quarantined: its import or its export is above the limit. Never netted (AG-08).
constexpr bool is_over(const half_hour_load& load, std::int64_t limit_wh) noexcept {
  return load.import_wh > limit_wh || load.export_wh > limit_wh;
}

} // namespace gridtwin
