#include "supervision/watchdog.hpp"

#include <chrono>
#include <utility>

namespace gridtwin {

stuck_reading::finding stuck_reading::look(std::uint64_t position) noexcept {
  ticks_ = position != 0 && position == last_ ? ticks_ + 1 : 0;
  last_ = position;
  if (ticks_ == limits_.ticks_to_end)
    return finding::stuck;
  return ticks_ == limits_.ticks_to_warn ? finding::slow : finding::fine;
}

watchdog::watchdog(const in_flight_marker_file& marker, const watchdog_limits& limits, tell told)
  : marker_(&marker), limits_(limits), told_(std::move(told)), thread_([this] {
      std::vector<stuck_reading> seen(in_flight_marker_file::slots, stuck_reading(limits_));
      std::unique_lock held(lock_);
      while (!ended_.wait_for(held, std::chrono::milliseconds(limits_.tick_ms), [this] { return end_; }))
        look_around(seen);
    }) {}

watchdog::~watchdog() {
  {
    const std::lock_guard held(lock_);
    end_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void watchdog::look_around(std::vector<stuck_reading>& seen) const {
  for (std::size_t i = 0; i < seen.size(); ++i)
    if (const auto found = seen[i].look(marker_->at(i).position()); found != stuck_reading::finding::fine)
      told_(marker_->at(i).place(), found);
}

} // namespace gridtwin
