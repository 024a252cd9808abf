#pragma once

#include "supervision/backoff.hpp"
#include "supervision/monotonic_time.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <utility>

namespace gridtwin {

/// The distinct children that something happened to within a window. Memory for these alone.
class recent_children {
public:
  explicit recent_children(time_window within) noexcept : within_(within) {}

  /// It happened to `child`, `when`. What happened to it before no longer matters.
  void note(child_index child, monotonic_time when) {
    forget(child);
    last_.emplace(child, when);
    order_.emplace(when, child);
  }

  void forget(child_index child) {
    const auto found = last_.find(child);
    if (found == last_.end())
      return;
    order_.erase({found->second, child});
    last_.erase(found);
  }

  /// Forgets children that it last happened to before the window, and calls `gone(child)` for each.
  template <class F>
  void expire(monotonic_time now, F&& gone) {
    while (!order_.empty() && !within_.holds(order_.begin()->first, now)) {
      const child_index child = order_.begin()->second;
      order_.erase(order_.begin());
      last_.erase(child);
      gone(child);
    }
  }

  std::size_t size() const noexcept { return last_.size(); }

private:
  time_window within_;
  std::map<child_index, monotonic_time> last_;
  std::set<std::pair<monotonic_time, child_index>> order_;
};

} // namespace gridtwin
