#pragma once

#include "twins/counter_random.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gridtwin {

/// Position of a child in its group, which is the order in which the group is started.
struct child_index {
  std::uint32_t value = 0;
  auto operator<=>(const child_index&) const = default;
};

/// Whose jitter: the same seed, child and attempt give the same. Groups have seeds of their own.
struct jitter_key {
  std::uint64_t seed = 0;
  child_index child;
};

/// How long to wait before each attempt, from a table: what comes after its last step waits as long as that.
struct backoff {
  static constexpr std::size_t most_steps = 7;

  std::array<std::chrono::nanoseconds, most_steps> steps{};
  std::uint32_t count = 0; ///< of steps; none: every attempt is made at once
  /// The most that chance adds to a step, at most 1000. It adds and never takes away: a step is the least to wait.
  std::uint32_t jitter_permille = 0;

  /// Before attempt 0, 1, ... without jitter.
  constexpr std::chrono::nanoseconds pause(std::uint32_t attempt) const noexcept {
    return count == 0 ? std::chrono::nanoseconds{0} : steps[std::min(attempt, count - 1)];
  }

  constexpr std::chrono::nanoseconds pause(std::uint32_t attempt, const jitter_key& whose) const noexcept {
    constexpr std::int64_t whole = 1'000'000;
    const std::uint64_t random = draw(draw(mix64(whose.seed), whose.child.value), attempt);
    const std::int64_t part = below(random, jitter_permille * 1000 + 1); // of a million
    const std::chrono::nanoseconds step = pause(attempt);
    return step + step / whole * part + step % whole * part / whole;
  }
};

/// Of a child in a process and of a message (V6): at once, then 100 ms, then 1 s.
inline constexpr backoff quick_backoff{
  {std::chrono::seconds{0}, std::chrono::milliseconds{100}, std::chrono::seconds{1}}, 3, 250};

} // namespace gridtwin
