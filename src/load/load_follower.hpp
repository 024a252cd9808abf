#pragma once

#include "src/load/latency_histogram.hpp"
#include "src/load/load_plan.hpp"
#include "src/load/open_log.hpp"
#include "src/store/journal.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>

namespace gridtwin {

/// A reader that follows the log while a load runs, and notes how long after it was due each reading could be read. One
/// thread at a time.
class load_follower {
public:
  /// `now_us` counts from the load's beginning. What the log has already is passed over by `skip`.
  load_follower(open_log log, std::span<const load_plan> plans, std::function<std::int64_t()> now_us)
    : log_(std::move(log)), plans_(plans), now_us_(std::move(now_us)) {}

  result<void> skip() { return read_on(false); }
  /// Everything that is durable by now.
  result<void> follow() { return read_on(true); }

  /// From when a reading was due until it was read.
  const latency_histogram& latency() const noexcept { return latency_; }

private:
  result<void> read_on(bool counts);
  void note(const reading_event& e, std::int64_t now_us);

  open_log log_;
  std::span<const load_plan> plans_;
  std::function<std::int64_t()> now_us_;
  std::array<std::int64_t, shard_count> after_{};
  latency_histogram latency_;
};

} // namespace gridtwin
