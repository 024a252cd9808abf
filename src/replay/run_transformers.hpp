#pragma once

#include "actors/messages.hpp"
#include "actors/run_context.hpp"
#include "actors/supervised_actors.hpp"
#include "src/replay/stored_days_list.hpp"

#include <caf/actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/system_messages.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace gridtwin {

/// The transformers of a run under their supervisor: `timeless_parts`, or `live_parts` where there is a clock. One that
/// ends goes down with its twins and with what was in its mailbox. When all that it had finished is durable, and its
/// pause is over if it has one, another takes its place, rebuilt from the store, and is given again what was not
/// finished: from the groups, never from a mailbox. One that ends too often with no group between that it judged ends
/// the run. To be used by one thread.
class run_transformers {
public:
  using reload_function = std::function<result<stored_days_list>()>;
  using clock_function = std::function<monotonic_time()>;

  /// `reload`: what the store holds now. `clock`: none, the run has no time. `owner` gets down messages, and outlives
  /// this.
  run_transformers(std::shared_ptr<const run_context> run, caf::actor writer, stored_days_list stored,
                   caf::scoped_actor& owner, reload_function reload, clock_function clock = {});

  std::size_t size() const noexcept { return actors_.size(); }
  /// Whether a run that ends must ask it for a summary.
  bool has_work(transformer_index t) const noexcept {
    return handle(t) || is_gone(t) || !stored_.unsummarised[t.value].empty();
  }

  /// Has a group judged by the transformers that it touches.
  void assess(std::shared_ptr<reading_group> group);
  /// A group is durable; `parked`: twins that were parked with it.
  result<void> committed(std::uint64_t group, std::span<const connection_index> parked);
  void release(std::uint64_t unused_since);
  void summarise(transformer_index t, std::uint64_t last_group);
  /// Whether a part of a summary is of the transformer that is there: what came of one that has ended since is asked
  /// for again.
  bool is_current(const summary_part::content& part) const;
  /// A transformer's last part of its summary has come.
  void summarised(transformer_index t) { summarising_.erase(t); }

  /// Nothing where it has not been made yet, or has ended and is not started again yet.
  const caf::actor& handle(transformer_index t) const noexcept { return actors_.handle({t.value}); }

  /// Whether it was a transformer that ended. Error: it has ended too often.
  result<bool> ended(const caf::down_msg& down);
  /// Starts those again whose pause is over.
  result<void> start_due();
  /// Until the next pause is over; nothing where nobody waits for one.
  std::optional<std::chrono::nanoseconds> next_due() const;

  std::uint64_t restarts() const noexcept { return actors_.restarts(); }

private:
  caf::actor make(transformer_index t);
  bool is_gone(transformer_index t) const noexcept { return actors_.is_gone({t.value}); }
  bool has_finished_some(transformer_index t) const;
  monotonic_time now() const { return clock_ ? clock_() : no_time; }
  result<void> start_again(transformer_index t);

  std::shared_ptr<const run_context> run_;
  caf::actor writer_;
  stored_days_list stored_;
  caf::scoped_actor& owner_;
  reload_function reload_;
  clock_function clock_;
  supervised_actors actors_;
  std::map<std::uint64_t, std::shared_ptr<reading_group>> in_flight_; ///< by number
  std::map<transformer_index, std::uint64_t> summarising_;            ///< and the run's last group
  std::map<transformer_index, std::vector<connection_index>> parked_; ///< in this run
};

} // namespace gridtwin
