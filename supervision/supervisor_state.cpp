#include "supervision/supervisor_state.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

/// Restarts of a child that must be told apart.
std::uint32_t counted_restarts(const restart_policy& policy) noexcept {
  return std::max(policy.child.most_restarts, 1U);
}

} // namespace

supervisor_state::supervisor_state(const restart_policy& policy, supervised_group group)
  : policy_(&policy), group_(group), ledger_(policy.child.within, counted_restarts(policy)),
    parked_lately_(policy.group.within) {}

monotonic_time supervisor_state::turn_to(monotonic_time now) {
  latest_ = std::max(latest_, now);
  ledger_.expire(latest_);
  parked_lately_.expire(latest_, [](child_index) {});
  return latest_;
}

bool supervisor_state::needs_nothing(child_index child, death_reason reason) const noexcept {
  if (shutting_down_ || given_up_ || ledger_.parked(child) || reason == death_reason::finished)
    return true;
  return waiting(child) && reason != death_reason::not_started;
}

supervisor_order supervisor_state::died(child_index child, death_reason reason, monotonic_time now) {
  now = turn_to(now);
  grow(child.value + 1);
  ++counters_.deaths[index_of(reason)];
  supervisor_order order;
  if (reason == death_reason::fatal && !shutting_down_) {
    order.group = shut_down();
  } else if (!needs_nothing(child, reason)) {
    const std::uint32_t attempt = ledger_.restarts(child, now);
    if (attempt < policy_->child.most_restarts)
      return restart(child, reason, attempt, now);
    if (one_for_one())
      return park(child, now);
    given_up_ = true; // the others cannot go on without it
    order.group = escalate();
  }
  ++counters_.left;
  return order;
}

supervisor_order supervisor_state::restart(child_index child, death_reason reason, std::uint32_t attempt,
                                           monotonic_time now) {
  monotonic_time due = now + policy_->pauses.pause(attempt, {group_.seed, child});
  supervisor_order order{child_fate::restarted, group_fate::goes_on, {child, 1}, {}};
  if (!one_for_one()) {
    const bool all = policy_->strategy == restart_strategy::one_for_all;
    if (pending_from_ != none)
      due = std::max(due, pending_due_); // nobody's pause is cut short by a sibling's death
    pending_from_ = all ? 0 : std::min(child.value, pending_from_);
    pending_due_ = due;
    order.restart = {{pending_from_}, group_.children - pending_from_};
  }
  ledger_.order_restart(child, due);
  order.delay = due - now;
  ++counters_.restarts[index_of(reason)];
  counters_.delayed += order.delay.count() > 0 ? 1 : 0;
  counters_.children_restarted += order.restart.count;
  return order;
}

supervisor_order supervisor_state::park(child_index child, monotonic_time now) {
  ledger_.park(child);
  ++counters_.parked;
  // A cause lasts until no child was parked for a whole window. To go by the count alone would raise an alert each time
  // that it wavers about the limit, which in a slow wave of failures is one for each child.
  if (parked_lately_.size() == 0)
    escalated_ = false;
  parked_lately_.note(child, now);
  supervisor_order order;
  order.child = child_fate::parked;
  if (!escalated_ && policy_->group.exceeded(parked_lately_.size(), group_.children)) {
    escalated_ = true;
    order.group = escalate();
  }
  return order;
}

group_fate supervisor_state::escalate() noexcept {
  if (policy_->top)
    return shut_down();
  ++counters_.escalations;
  return group_fate::escalated;
}

group_fate supervisor_state::shut_down() noexcept {
  shutting_down_ = true;
  ++counters_.shut_downs;
  return group_fate::shut_down;
}

void supervisor_state::started(child_index child, monotonic_time now) {
  now = turn_to(now);
  ledger_.started(child, now);
  if (!pending(child))
    return;
  const bool last = child.value + 1 >= group_.children;
  pending_from_ = last ? none : child.value + 1;
}

void supervisor_state::resume_parked(child_index child, monotonic_time now) {
  now = turn_to(now);
  ledger_.park(child);
  parked_lately_.note(child, now);
  escalated_ = escalated_ || policy_->group.exceeded(parked_lately_.size(), group_.children);
}

void supervisor_state::grow(std::uint32_t children) noexcept { group_.children = std::max(group_.children, children); }

void supervisor_state::expire(monotonic_time now) { turn_to(now); }

} // namespace gridtwin
