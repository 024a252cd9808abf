#pragma once

#include "supervision/supervisor_state.hpp"

#include <caf/actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/system_messages.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace gridtwin {

/// Ordinary actors of one kind and their supervision, as `hosted_twins` is for hosted ones. They are watched, never
/// linked; what is to be done about one that ends is for `supervisor_state` to say. Siblings that go with it are ended
/// here; the owner starts the successors, who has the clock (`due`) and knows what they need.
/// An actor that ends of itself counts as one that was killed: they are there for as long as their group. To be used by
/// one thread.
class supervised_actors {
public:
  using make_function = std::function<caf::actor(child_index)>;

  /// A child that ended, and what its supervisor orders.
  struct death {
    child_index child;
    supervisor_order order;
  };

  /// `owner` gets down messages and, as `policy`, outlives this.
  supervised_actors(const restart_policy& policy, supervised_group group, caf::scoped_actor& owner, make_function make);
  /// Ends all of them.
  ~supervised_actors();
  supervised_actors(const supervised_actors&) = delete;
  supervised_actors& operator=(const supervised_actors&) = delete;

  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(actors_.size()); }
  /// Nothing where it has not been made yet, or has ended and is not started again yet.
  const caf::actor& handle(child_index child) const noexcept { return actors_[child.value]; }
  /// The actor, which is made when it is asked for first. Not of one that is gone: that is for `start_again`.
  const caf::actor& at(child_index child);

  /// Those that have ended and are not started again yet.
  const std::set<child_index>& gone() const noexcept { return gone_; }
  bool is_gone(child_index child) const noexcept { return gone_.contains(child); }
  /// How often it has ended, which tells what one sends from what its successor sends.
  std::uint32_t incarnation(child_index child) const;

  /// Nothing if it was none of them. The order's siblings are told to end: they are to be started when all are gone and
  /// the order's delay is over. Where the strategy is not one-for-one, a group that is given up is ended: all of it
  /// leans on itself.
  std::optional<death> ended(const caf::down_msg& down, monotonic_time now);
  bool are_gone(child_range children) const;
  /// Starts those of an order, the first first. All of them are gone.
  void start_again(child_range children, monotonic_time now);
  /// Orders whose pause is over and of which all are gone: what is to be started.
  std::vector<child_range> due(monotonic_time now) const;
  /// When the next pause is over that is not over yet; nothing where nobody waits for one.
  std::optional<monotonic_time> next_due(monotonic_time now) const;

  /// It has done well what it was given since it was started.
  void recovered(child_index child) { state_.recovered(child); }

  /// Successors that were started.
  std::uint64_t restarts() const noexcept { return restarts_; }
  const supervision_counters& counters() const noexcept { return state_.counters(); }

private:
  struct waiting_order {
    child_range children;
    monotonic_time due;
  };

  const caf::actor& make(child_index child);
  void drop_orders_of(child_range children);

  caf::scoped_actor& owner_;
  make_function make_;
  restart_strategy strategy_;
  supervisor_state state_;
  std::vector<caf::actor> actors_;
  std::set<child_index> gone_;
  std::vector<waiting_order> orders_;         ///< that are not carried out yet; a child is in one of them at most
  std::map<child_index, std::uint32_t> ends_; ///< of those that ever ended
  std::uint64_t restarts_ = 0;
};

} // namespace gridtwin
