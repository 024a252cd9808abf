#pragma once

#include <chrono>

namespace gridtwin {

/// An instant of a clock that only goes forward. It comes in as a parameter: nothing pure reads a clock.
using monotonic_time = std::chrono::steady_clock::time_point;

/// Of whatever happens in a replay, which has no time (`timeless_restarts`).
inline constexpr monotonic_time no_time{};

/// A stretch of time that ends now. Half-open: what happened exactly `length` ago is no longer in it.
struct time_window {
  /// All that ever happened, for a run without time.
  static constexpr std::chrono::nanoseconds unlimited = std::chrono::nanoseconds::max();

  std::chrono::nanoseconds length{0};

  constexpr bool ends() const noexcept { return length != unlimited; }
  /// Whether what happens `then`, which may be to come, counts at `now`.
  constexpr bool holds(monotonic_time then, monotonic_time now) const noexcept {
    return !ends() || now - then < length;
  }
};

} // namespace gridtwin
