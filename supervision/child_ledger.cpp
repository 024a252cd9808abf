#include "supervision/child_ledger.hpp"

#include <algorithm>

namespace gridtwin {

const child_ledger::record* child_ledger::find(child_index child) const noexcept {
  const auto found = records_.find(child);
  return found == records_.end() ? nullptr : &found->second;
}

std::uint32_t child_ledger::restarts(child_index child, monotonic_time now) const noexcept {
  const record* known = find(child);
  if (known == nullptr)
    return 0;
  const auto first = std::find_if(known->restarts.begin(), known->restarts.end(),
                                  [&](monotonic_time when) { return within_.holds(when, now); });
  return static_cast<std::uint32_t>(known->restarts.end() - first);
}

void child_ledger::order_restart(child_index child, monotonic_time due) {
  record& known = records_[child];
  known.waiting = true;
  restarted_.forget(child);
  if (!known.restarts.empty())
    due = std::max(due, known.restarts.back());
  if (known.restarts.size() == counted_)
    known.restarts.erase(known.restarts.begin());
  known.restarts.push_back(due);
}

void child_ledger::started(child_index child, monotonic_time now) {
  const auto found = records_.find(child);
  if (found == records_.end() || !found->second.waiting)
    return;
  record& known = found->second;
  known.waiting = false;
  known.restarts.back() = std::max(known.restarts.back(), now);
  restarted_.note(child, known.restarts.back());
}

void child_ledger::forgive(child_index child) {
  const auto found = records_.find(child);
  if (found == records_.end() || found->second.parked || found->second.waiting)
    return;
  restarted_.forget(child);
  records_.erase(found);
}

void child_ledger::park(child_index child) {
  restarted_.forget(child);
  record& known = records_[child];
  if (!known.parked)
    ++parked_;
  known = {{}, false, true};
}

bool child_ledger::waiting(child_index child) const noexcept {
  const record* known = find(child);
  return known != nullptr && known->waiting;
}

bool child_ledger::parked(child_index child) const noexcept {
  const record* known = find(child);
  return known != nullptr && known->parked;
}

void child_ledger::expire(monotonic_time now) {
  restarted_.expire(now, [&](child_index child) { records_.erase(child); });
}

} // namespace gridtwin
