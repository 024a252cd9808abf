#pragma once

#include "supervision/backoff.hpp"
#include "supervision/monotonic_time.hpp"
#include "supervision/recent_children.hpp"
#include "supervision/restart_policy.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace gridtwin {

/// What a supervisor remembers of its children, one by one: restarts within the window, who waits for one, who is
/// parked. There is nothing of a child that never died, and nothing is left of one that was started again when the
/// window has passed.
class child_ledger {
public:
  /// `counted`: the most restarts of a child that are told apart, at least 1, which is also what is kept of each.
  child_ledger(time_window within, std::uint32_t counted) : within_(within), counted_(counted), restarted_(within) {}

  /// Restarts of a child that count at `now`, at most `counted`.
  std::uint32_t restarts(child_index child, monotonic_time now) const noexcept;

  /// A restart is ordered. It counts from when it is `due`; from now on the child waits.
  void order_restart(child_index child, monotonic_time due);
  /// The child is there again. A restart counts from when it was carried out, if that was later than it was due: or
  /// else a slow machine would forgive what it delays.
  void started(child_index child, monotonic_time now);

  /// Forgets the restarts of a child that is there: nothing of it counts any more.
  void forgive(child_index child);

  /// Takes a child out, for as long as this remembers. Its restarts are forgotten.
  void park(child_index child);

  bool waiting(child_index child) const noexcept;
  bool parked(child_index child) const noexcept;
  std::size_t parked() const noexcept { return parked_; }

  /// Forgets restarts before the window.
  void expire(monotonic_time now);

  /// Children that it knows anything of.
  std::size_t size() const noexcept { return records_.size(); }

private:
  struct record {
    std::vector<monotonic_time> restarts; ///< ascending, the latest `counted_`
    bool waiting = false;
    bool parked = false;
  };

  const record* find(child_index child) const noexcept;

  time_window within_;
  std::uint32_t counted_;
  std::map<child_index, record> records_;
  recent_children restarted_; ///< neither waiting nor parked
  std::size_t parked_ = 0;
};

} // namespace gridtwin
