#include "actors/supervised_actors.hpp"

#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <cassert>
#include <utility>

namespace gridtwin {

supervised_actors::supervised_actors(const restart_policy& policy, supervised_group group, caf::scoped_actor& owner,
                                     make_function make)
  : owner_(owner), make_(std::move(make)), strategy_(policy.strategy), state_(policy, group), actors_(group.children) {}

supervised_actors::~supervised_actors() {
  for (const caf::actor& a : actors_)
    if (a)
      caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
}

const caf::actor& supervised_actors::make(child_index child) {
  caf::actor& actor = actors_[child.value];
  actor = make_(child);
  owner_->monitor(actor);
  return actor;
}

const caf::actor& supervised_actors::at(child_index child) {
  assert(!is_gone(child));
  return actors_[child.value] ? actors_[child.value] : make(child);
}

std::uint32_t supervised_actors::incarnation(child_index child) const {
  const auto known = ends_.find(child);
  return known == ends_.end() ? 0 : known->second;
}

std::optional<supervised_actors::death> supervised_actors::ended(const caf::down_msg& down, monotonic_time now) {
  const auto found =
    std::find_if(actors_.begin(), actors_.end(), [&down](const caf::actor& a) { return a == down.source; });
  if (found == actors_.end())
    return std::nullopt;
  const child_index child{static_cast<std::uint32_t>(found - actors_.begin())};
  *found = nullptr;
  gone_.insert(child);
  ++ends_[child];
  const bool threw = down.reason == caf::sec::runtime_error; // see `actor_failure`
  const supervisor_order order = state_.died(child, threw ? death_reason::threw : death_reason::killed, now);
  const bool given_up = order.group != group_fate::goes_on && strategy_ != restart_strategy::one_for_one;
  if (given_up || order.group == group_fate::shut_down)
    orders_.clear();
  if (order.restart.count != 0) {
    drop_orders_of(order.restart);
    orders_.push_back({order.restart, now + order.delay});
  }
  const child_range ending = given_up ? child_range{{0}, size()} : order.restart;
  for (std::uint32_t n = ending.count; n-- > 0;) { // the last first
    const child_index sibling{ending.first.value + n};
    if (actors_[sibling.value])
      caf::anon_send_exit(actors_[sibling.value], caf::exit_reason::user_shutdown);
    else
      gone_.insert(sibling); // also where it was never made
  }
  return death{child, order};
}

bool supervised_actors::are_gone(child_range children) const {
  for (std::uint32_t n = 0; n < children.count; ++n)
    if (!is_gone({children.first.value + n}))
      return false;
  return true;
}

void supervised_actors::drop_orders_of(child_range children) {
  const auto overlaps = [children](const waiting_order& order) {
    const child_range& other = order.children;
    return other.first.value < children.first.value + children.count
           && children.first.value < other.first.value + other.count;
  };
  orders_.erase(std::remove_if(orders_.begin(), orders_.end(), overlaps), orders_.end());
}

void supervised_actors::start_again(child_range children, monotonic_time now) {
  drop_orders_of(children);
  for (std::uint32_t n = 0; n < children.count; ++n) {
    const child_index child{children.first.value + n};
    assert(is_gone(child));
    gone_.erase(child);
    make(child);
    ++restarts_;
    state_.started(child, now);
  }
}

std::vector<child_range> supervised_actors::due(monotonic_time now) const {
  std::vector<child_range> out;
  for (const waiting_order& order : orders_)
    if (order.due <= now && are_gone(order.children))
      out.push_back(order.children);
  return out;
}

std::optional<monotonic_time> supervised_actors::next_due(monotonic_time now) const {
  std::optional<monotonic_time> next;
  for (const waiting_order& order : orders_)
    if (order.due > now)
      next = std::min(next.value_or(order.due), order.due);
  return next;
}

} // namespace gridtwin
