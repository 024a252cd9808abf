#pragma once

#include "twins/codes.hpp"
#include "twins/period.hpp"

#include <cstdint>
#include <optional>

namespace gridtwin {

/// What a reading says about its half hour. Two readings of one key with equal content are duplicates.
struct content {
  std::int64_t wh = 0;
  gridtwin::quality quality;
  gridtwin::reasons reasons;
  bool operator==(const content&) const = default;
};

/// When readings became known: all at one instant, or, where that was not said, each at the end of its period.
struct known_time {
  std::optional<std::int64_t> at_s; ///< seconds since the epoch
  std::int64_t of(period p) const noexcept { return at_s.value_or(p.end_s()); }
  bool operator==(const known_time&) const = default;
};

/// Highest version that is stored.
inline constexpr std::uint32_t version_limit = 0xFFFF;

/// One reading of a known meter, as its twin assesses it. Its key is (meter, quantity, period, version).
struct reading {
  gridtwin::quantity quantity = gridtwin::quantity::active_import;
  gridtwin::period period;
  std::uint32_t version = 1;
  gridtwin::content content;
  bool operator==(const reading&) const = default;
};

} // namespace gridtwin
