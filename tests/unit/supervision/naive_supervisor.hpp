#pragma once

#include "supervision/supervisor_state.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

namespace gridtwin::testing {

using nanos = std::int64_t;

/// What happened, as far as it bears on what is decided later.
enum class naive_kind { ordered, started, parked, escalated, shut_down };

struct naive_entry {
  naive_kind what;
  nanos at = 0;
  std::uint32_t child = 0;           // whose death it was
  std::uint32_t first = 0, last = 0; // of a range that restarts, `last` not in it
  nanos due = 0;
};

struct naive_policy {
  restart_strategy strategy;
  std::uint32_t most_restarts;
  nanos window; // 0: unlimited
  std::uint32_t most_parked;
  std::uint32_t most_permille;
  std::uint32_t fewest;
  nanos group_window; // 0: unlimited
  bool top;
};

/// All that ever happened in a list, and each answer worked out from it anew.
struct naive_supervisor {
  naive_policy policy;
  std::uint32_t children;
  std::vector<naive_entry> history;

  static bool within(nanos then, nanos now, nanos window) { return window == 0 || now < then + window; }
  bool alone() const { return policy.strategy == restart_strategy::one_for_one; }

  bool ever(naive_kind what) const {
    return std::any_of(history.begin(), history.end(), [&](const naive_entry& e) { return e.what == what; });
  }
  bool parked(std::uint32_t child) const {
    return std::any_of(history.begin(), history.end(),
                       [&](const naive_entry& e) { return e.what == naive_kind::parked && e.child == child; });
  }
  bool waiting(std::uint32_t child) const {
    for (std::size_t i = history.size(); i-- > 0;) {
      const naive_entry& e = history[i];
      if (e.child == child && (e.what == naive_kind::started || e.what == naive_kind::parked))
        return false;
      if (e.what == naive_kind::ordered && e.first <= child && child < e.last)
        return true;
    }
    return false;
  }
  /// When the restarts that answer a child's own deaths were due or, where that was later, carried out.
  std::vector<nanos> restarts(std::uint32_t child) const {
    std::vector<nanos> out;
    bool carried_out = true;
    for (const naive_entry& e : history) {
      if (e.child != child)
        continue;
      if (e.what == naive_kind::ordered) {
        out.push_back(std::max(e.due, out.empty() ? e.due : out.back()));
        carried_out = false;
      } else if (e.what == naive_kind::started && !carried_out) {
        out.back() = std::max(out.back(), e.at);
        carried_out = true;
      }
    }
    return out;
  }
  /// Its own death has it started, and it is not there yet.
  bool own_start_open(std::uint32_t child) const {
    bool open = false;
    for (const naive_entry& e : history)
      if (e.child == child)
        open = e.what == naive_kind::ordered || (open && e.what != naive_kind::started);
    return open;
  }
  std::set<std::uint32_t> parked_lately(nanos now) const {
    std::set<std::uint32_t> out;
    for (const naive_entry& e : history)
      if (e.what == naive_kind::parked && within(e.at, now, policy.group_window))
        out.insert(e.child);
    return out;
  }
  /// An escalation with no pause of a whole window between the parkings since.
  bool cause_lasts(nanos now) const {
    nanos next = now;
    for (std::size_t i = history.size(); i-- > 0;) {
      if (history[i].what == naive_kind::parked) {
        if (!within(history[i].at, next, policy.group_window))
          return false;
        next = history[i].at;
      }
      if (history[i].what == naive_kind::escalated || history[i].what == naive_kind::shut_down)
        return within(history[i].at, next, policy.group_window);
    }
    return false;
  }
  bool given_up() const { return !alone() && ever(naive_kind::escalated); }

  group_fate raise(nanos now) {
    history.push_back({policy.top ? naive_kind::shut_down : naive_kind::escalated, now});
    history.back().child = children; // nobody's
    return policy.top ? group_fate::shut_down : group_fate::escalated;
  }

  supervisor_order died(std::uint32_t child, death_reason reason, nanos now) {
    supervisor_order order;
    if (ever(naive_kind::shut_down))
      return order;
    if (reason == death_reason::fatal) {
      history.push_back({naive_kind::shut_down, now, children});
      order.group = group_fate::shut_down;
      return order;
    }
    if (given_up() || parked(child) || reason == death_reason::finished
        || (waiting(child) && reason != death_reason::not_started))
      return order;
    const std::vector<nanos> all = restarts(child);
    const auto count = static_cast<std::uint32_t>(
      std::count_if(all.begin(), all.end(), [&](nanos then) { return within(then, now, policy.window); }));
    if (count >= policy.most_restarts)
      return too_often(child, now);
    const nanos pauses[] = {0, 100'000'000, 1'000'000'000};
    naive_entry e{naive_kind::ordered, now, child, child, child + 1, now + pauses[std::min(count, 2U)]};
    if (!alone()) {
      std::uint32_t first_waiting = children;
      for (std::uint32_t c = children; c-- > 0;)
        first_waiting = waiting(c) ? c : first_waiting;
      e.first = policy.strategy == restart_strategy::one_for_all ? 0 : std::min(child, first_waiting);
      e.last = children;
      for (std::size_t i = history.size(); first_waiting < children && i-- > 0;)
        if (history[i].what == naive_kind::ordered) {
          e.due = std::max(e.due, history[i].due);
          break;
        }
    }
    history.push_back(e);
    return {
      child_fate::restarted, group_fate::goes_on, {{e.first}, e.last - e.first}, std::chrono::nanoseconds{e.due - now}};
  }

  supervisor_order too_often(std::uint32_t child, nanos now) {
    supervisor_order order;
    if (!alone()) {
      order.group = raise(now);
      return order;
    }
    const bool lasts = cause_lasts(now);
    history.push_back({naive_kind::parked, now, child});
    order.child = child_fate::parked;
    const std::uint64_t n = parked_lately(now).size();
    const bool enough = n >= policy.fewest || n >= children;
    if (enough && !lasts && (n > policy.most_parked || 1000 * n > std::uint64_t{policy.most_permille} * children))
      order.group = raise(now);
    return order;
  }

  std::size_t remembered(nanos now) const {
    std::size_t n = parked_lately(now).size();
    for (std::uint32_t child = 0; child < children; ++child) {
      const std::vector<nanos> own = restarts(child);
      n += parked(child) || own_start_open(child) || (!own.empty() && within(own.back(), now, policy.window)) ? 1 : 0;
    }
    return n;
  }
};

} // namespace gridtwin::testing
