#pragma once

#include "twins/codes.hpp"
#include "twins/period.hpp"

#include <cstdint>

namespace gridtwin {

/// What a reading says about its half hour. Two readings of one key with equal content are duplicates.
struct content {
  std::int64_t wh = 0;
  gridtwin::quality quality;
  gridtwin::reasons reasons;
  bool operator==(const content&) const = default;
};

/// Highest version that is stored.
inline constexpr std::uint32_t version_limit = 0xFFFF;

/// One reading of a known meter, as its twin assesses it. Its key is (meter, quantity, period, version).
struct reading {
  gridtwin::quantity quantity = gridtwin::quantity::active_import;
  gridtwin::period period;
  std::uint32_t version = 1;
  gridtwin::content content;
};

} // namespace gridtwin
