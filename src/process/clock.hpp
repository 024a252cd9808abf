#pragma once

#include <chrono>
#include <cstdint>

namespace gridtwin {

// The only place where a clock is read: it tells people how long something took, and a node how long what failed is to
// wait before it is started again. No result depends on it.

/// Of a clock that never goes back, for what takes less than a millisecond.
inline std::int64_t monotonic_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch())
    .count();
}

/// Seconds since the epoch, for the record of who did what when.
inline std::int64_t wall_clock_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

inline std::int64_t monotonic_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
    .count();
}

} // namespace gridtwin
