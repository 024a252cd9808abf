#pragma once

#include "actors/messages.hpp"
#include "actors/run_context.hpp"
#include "src/replay/stored_days_list.hpp"

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <caf/scoped_actor.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

namespace gridtwin {

/// The transformers of a run and their supervision: each by itself (one-for-one). One that ends goes down with its
/// twins and with what was in its mailbox. When all that it had finished is durable, another takes its place, rebuilt
/// from the store, and is given again what was not finished: from the groups, never from a mailbox. To be used by one
/// thread.
class run_transformers {
public:
  /// Restarts of a transformer in a run; after that the run ends.
  static constexpr std::uint32_t most_restarts = 3;

  using reload_function = std::function<result<stored_days_list>()>;

  /// `reload`: what the store holds now. `owner` gets down messages; both outlive this.
  run_transformers(std::shared_ptr<const run_context> run, caf::actor writer, stored_days_list stored,
                   caf::scoped_actor& owner, reload_function reload);
  ~run_transformers();
  run_transformers(const run_transformers&) = delete;
  run_transformers& operator=(const run_transformers&) = delete;

  std::size_t size() const noexcept { return actors_.size(); }
  /// Whether a run that ends must ask it for a summary.
  bool has_work(transformer_index t) const noexcept {
    return actors_[t.value] || fallen_.contains(t) || !stored_.unsummarised[t.value].empty();
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
  const caf::actor& handle(transformer_index t) const noexcept { return actors_[t.value]; }

  /// Whether it was a transformer that ended. Error: it has ended too often.
  result<bool> ended(const caf::actor_addr& who);

  std::uint64_t restarts() const noexcept { return restarts_; }

private:
  const caf::actor& at(transformer_index t);
  std::uint32_t incarnation_of(transformer_index t) const;
  bool safe_to_start(transformer_index t) const;
  result<void> start_again(transformer_index t);

  std::shared_ptr<const run_context> run_;
  caf::actor writer_;
  stored_days_list stored_;
  caf::scoped_actor& owner_;
  reload_function reload_;
  std::vector<caf::actor> actors_;
  std::map<std::uint64_t, std::shared_ptr<reading_group>> in_flight_; ///< by number
  std::map<transformer_index, std::uint64_t> summarising_;            ///< and the run's last group
  std::set<transformer_index> fallen_;                                ///< ended and not yet started again
  std::map<transformer_index, std::uint32_t> restarts_of_;
  std::map<transformer_index, std::vector<connection_index>> parked_; ///< in this run
  std::uint64_t restarts_ = 0;
};

} // namespace gridtwin
