#pragma once

#include "supervision/backoff.hpp"
#include "supervision/child_ledger.hpp"
#include "supervision/monotonic_time.hpp"
#include "supervision/recent_children.hpp"
#include "supervision/restart_policy.hpp"
#include "supervision/supervision_counters.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace gridtwin {

struct supervised_group {
  std::uint32_t children = 0;
  std::uint64_t seed = 0; ///< of its jitter: of its own, or groups that fail together come back together
};

/// Children that follow one another.
struct child_range {
  child_index first;
  std::uint32_t count = 0;
  bool operator==(const child_range&) const = default;
};

enum class child_fate : std::uint8_t {
  left,      ///< nothing is to be done for it
  restarted, ///< with what stands in `restart`
  parked,    ///< not started again before an operator says so
};
enum class group_fate : std::uint8_t {
  goes_on,
  escalated, ///< tell the parent and raise one alert; this group says no more of it. Not one_for_one: its end
  shut_down, ///< the process ends, with a failure
};

/// What is to be done now that a child has died.
struct supervisor_order {
  child_fate child = child_fate::left;
  group_fate group = group_fate::goes_on;
  /// Stop those of them that live, the last first; after `delay` start all of them, the first first. Replaces what was
  /// ordered for any of them before.
  child_range restart;
  std::chrono::nanoseconds delay{0};
  bool operator==(const supervisor_order&) const = default;
};

/// The supervisor of a group as a state machine: told what became of its children and when, it says what to do. It has
/// no clock, starts nothing and stops nothing; the same calls give the same answers. Instants that go back count as the
/// latest there was. It remembers children that died lately, wait or are parked: nothing of one that is well.
///
/// Success forgives nothing, only time does: a child that fails at every hundredth message would be restarted for ever,
/// however fast the messages come, and V2 is a limit in time. Only where the policy's window has no end, so that
/// nothing would ever be forgiven, a child's own work is its time (`recovered`).
class supervisor_state {
public:
  /// `policy` outlives it.
  supervisor_state(const restart_policy& policy, supervised_group group);

  /// Whoever was to be started is told of as `started`, or here as `not_started`. Until then its end is what a restart
  /// brings about anyway, or is told twice, and nothing is charged for it.
  supervisor_order died(child_index child, death_reason reason, monotonic_time now);

  /// A child of an order is there. Of a range, in its order.
  void started(child_index child, monotonic_time now);

  /// A child has handled a message well since it was started. Without a window that ends, its restarts before are over;
  /// with one, nothing changes.
  void recovered(child_index child) {
    if (!policy_->child.within.ends())
      ledger_.forgive(child);
  }

  /// An earlier process parked it, and that was written down: it stays parked. Of `one_for_one`; no event, and
  /// counted nowhere.
  void keep_parked(child_index child) { ledger_.park(child); }

  /// This process parked it under a supervisor that is no more: it counts for the group as it did there, and what was
  /// escalated then is not escalated again. Of `one_for_one`; no event, and counted nowhere.
  void resume_parked(child_index child, monotonic_time now);

  /// More children were added, the first time that they were started.
  void grow(std::uint32_t children) noexcept;

  /// Forgets what is over; each call does, this one alone does nothing else.
  void expire(monotonic_time now);

  bool parked(child_index child) const noexcept { return ledger_.parked(child); }
  std::size_t parked() const noexcept { return ledger_.parked(); }
  /// Whether a restart of it was ordered and is not yet confirmed.
  bool waiting(child_index child) const noexcept { return ledger_.waiting(child) || pending(child); }
  /// Entries that stand for children, which is what its memory grows with.
  std::size_t remembered() const noexcept { return ledger_.size() + parked_lately_.size(); }
  const supervision_counters& counters() const noexcept { return counters_; }
  /// Those since they were taken last.
  supervision_counters take_counters() noexcept { return std::exchange(counters_, {}); }

private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  monotonic_time turn_to(monotonic_time now);
  bool one_for_one() const noexcept { return policy_->strategy == restart_strategy::one_for_one; }
  bool pending(child_index child) const noexcept { return child.value >= pending_from_; }
  bool needs_nothing(child_index child, death_reason reason) const noexcept;
  supervisor_order restart(child_index child, death_reason reason, std::uint32_t attempt, monotonic_time now);
  supervisor_order park(child_index child, monotonic_time now);
  group_fate escalate() noexcept;
  group_fate shut_down() noexcept;

  const restart_policy* policy_;
  supervised_group group_;
  child_ledger ledger_;
  recent_children parked_lately_;
  monotonic_time latest_ = monotonic_time::min();
  std::uint32_t pending_from_ = none; ///< children from here on wait, where several restart together
  monotonic_time pending_due_ = monotonic_time::min();
  bool escalated_ = false; ///< for a cause that lasts
  bool given_up_ = false;  ///< the group cannot go on: its parent may begin with a new one
  bool shutting_down_ = false;
  supervision_counters counters_;
};

} // namespace gridtwin
