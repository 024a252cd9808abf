#pragma once

#include "supervision/backoff.hpp"
#include "supervision/monotonic_time.hpp"

#include <chrono>
#include <cstdint>
#include <limits>

namespace gridtwin {

/// Which children are started again when one dies (Erlang/OTP, supervisor behaviour).
enum class restart_strategy : std::uint8_t {
  one_for_one,  ///< that one
  one_for_all,  ///< all: none can go on without any other (V5)
  rest_for_one, ///< that one and those that were started after it, for they lean on it (V4)
};

/// How often one child may be started again (V2). OTP counts a group's restarts together, so that one bad child of
/// thousands ends all of them; here each child has a count of its own.
struct child_limit {
  std::uint32_t most_restarts = 3;
  time_window within{std::chrono::seconds{60}};
};

/// How many distinct children of a group may be parked before that is no longer a matter of each of them (V3).
struct group_limit {
  static constexpr std::uint32_t unlimited = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t most_parked = 20;
  std::uint32_t most_parked_permille = 50; ///< of the group's children
  /// Fewer are no group's failure, unless they are all of it: of 15 children one is more than 5 %, and V2 says that its
  /// siblings go on.
  std::uint32_t fewest = 2;
  time_window within{std::chrono::seconds{60}};

  /// `parked` distinct children of `children` were parked within the window.
  constexpr bool exceeded(std::uint64_t parked, std::uint64_t children) const noexcept {
    if (parked < fewest && parked < children)
      return false;
    return parked > most_parked
           || (most_parked_permille != unlimited && parked * 1000 > children * most_parked_permille);
  }
};

/// When children that died are started again, and when no more.
struct restart_policy {
  restart_strategy strategy = restart_strategy::one_for_one;
  child_limit child;
  group_limit group; ///< of one_for_one alone: the other strategies park nobody
  backoff pauses = quick_backoff;
  /// The group has no parent: where another would escalate, the process ends (V12).
  bool top = false;
};

/// A replay has no time, for what comes out of it must not depend on how fast the machine is: a child's restarts count
/// until it has handled something well, what is parked counts from the beginning of the run to its end, and nobody
/// waits.
inline constexpr restart_policy timeless_restarts{
  restart_strategy::one_for_one, {3, {time_window::unlimited}}, {20, 50, 2, {time_window::unlimited}}, {}, false};

/// Of what a run cannot do without, as its transformers and decoders: where one of them may not be started again, the
/// run has come to its end.
inline constexpr restart_policy timeless_parts{restart_strategy::one_for_one,
                                               timeless_restarts.child,
                                               {0, group_limit::unlimited, 0, {time_window::unlimited}},
                                               {},
                                               true};

/// The same in a process that stays: what passes is given its time to pass, at once, after 100 ms, after 1 s.
inline constexpr restart_policy live_parts{restart_strategy::one_for_one, timeless_parts.child, timeless_parts.group,
                                           quick_backoff, true};

} // namespace gridtwin
