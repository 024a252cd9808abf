#pragma once

#include "supervision/in_flight.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace gridtwin {

/// How long a reading may be in hand.
struct watchdog_limits {
  std::uint32_t tick_ms = 100;
  std::uint32_t ticks_to_warn = 20; ///< 2 s
  std::uint32_t ticks_to_end = 50;  ///< 5 s
};

/// What a look at a thread's slot says. Pure, so that every way through is tested without waiting.
class stuck_reading {
public:
  enum class finding : std::uint8_t { fine, slow, stuck };

  explicit stuck_reading(const watchdog_limits& limits) noexcept : limits_(limits) {}

  /// To be told once a tick what the slot holds, 0 for nothing. `slow` and `stuck` are said once for each reading.
  finding look(std::uint64_t position) noexcept;

private:
  watchdog_limits limits_;
  std::uint64_t last_ = 0;
  std::uint32_t ticks_ = 0;
};

/// A thread that looks at the marker of a run. A reading that is in hand for too long is told of, and then ends the
/// process: a handler that does not return can be stopped in no other way, and the next process reads that reading
/// alone. Time is counted in looks: a process that was stopped for a while was not stuck.
class watchdog {
public:
  using tell = std::function<void(const reading_place&, stuck_reading::finding)>;

  /// `marker` outlives it. `told` is called on the watchdog's thread; of what is stuck it must not return.
  watchdog(const in_flight_marker_file& marker, const watchdog_limits& limits, tell told);
  ~watchdog();
  watchdog(const watchdog&) = delete;
  watchdog& operator=(const watchdog&) = delete;

private:
  void look_around(std::vector<stuck_reading>& seen) const;

  const in_flight_marker_file* marker_;
  watchdog_limits limits_;
  tell told_;
  std::mutex lock_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread thread_;
};

} // namespace gridtwin
