#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace gridtwin {

/// Why a child is no longer there. A class, not a text: what a message said stays with the message.
enum class death_reason : std::uint8_t {
  threw,       ///< its code threw
  killed,      ///< ended from outside
  not_started, ///< it was to be started, and that failed
  stuck,       ///< it did not come back from a message in time
  finished,    ///< it did what it was there for: no failure, and nobody starts it again
  fatal,       ///< what it stands for can no longer be trusted (a failed commit or sync): the process must end
};
inline constexpr std::size_t death_reason_count = 6;
constexpr std::size_t index_of(death_reason r) noexcept { return static_cast<std::size_t>(r); }

/// What a supervisor was told and what it decided (V19). Each death is in exactly one of `restarts`, `parked` and
/// `left`.
struct supervision_counters {
  std::array<std::uint64_t, death_reason_count> deaths{};
  std::array<std::uint64_t, death_reason_count> restarts{}; ///< orders, by why the child died that they answer
  std::uint64_t delayed = 0;                                ///< of these, those with a pause
  std::uint64_t children_restarted = 0;                     ///< by these orders: the child and siblings that go with it
  std::uint64_t parked = 0;
  std::uint64_t left = 0; ///< dead children that were left so: there was nothing to do, or it is the parent's to do
  std::uint64_t escalations = 0;
  std::uint64_t shut_downs = 0;

  supervision_counters& operator+=(const supervision_counters& other) noexcept {
    for (std::size_t i = 0; i < death_reason_count; ++i) {
      deaths[i] += other.deaths[i];
      restarts[i] += other.restarts[i];
    }
    delayed += other.delayed;
    children_restarted += other.children_restarted;
    parked += other.parked;
    left += other.left;
    escalations += other.escalations;
    shut_downs += other.shut_downs;
    return *this;
  }
  bool operator==(const supervision_counters&) const = default;
};

} // namespace gridtwin
