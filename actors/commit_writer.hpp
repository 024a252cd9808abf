#pragma once

#include "actors/messages.hpp"
#include "actors/run_context.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

#include <map>
#include <memory>

namespace gridtwin {

struct commit_writer_options {
  std::shared_ptr<run_context> run;
  std::shared_ptr<store_writer> store; ///< none: groups are counted and kept nowhere
  caf::actor owner;                    ///< is told what is durable, and when a commit failed
};

/// Commits one group after the other, in order.
class commit_writer_state {
public:
  static inline const char* name = "commit_writer";

  void start(commit_writer_options options) { options_ = std::move(options); }

  void add(std::shared_ptr<reading_group> group) {
    const std::uint64_t number = group->number();
    assessed_.emplace(number, std::move(group));
  }
  /// The next group, if it is here: committed. Nothing: it is not. Error: nothing more may be committed.
  std::optional<result<group_committed>> commit_next();

  /// Takes a summary; commits those taken when there are many and the groups before them are durable. The answers that
  /// are due: none where more may not pile up before that.
  result<std::vector<summary_taken>> take(const summary_part& part);
  /// The answers that were held back, if they are due by now.
  result<std::vector<summary_taken>> take_up();
  result<void> flush();
  result<void> record(const std::vector<audit_event>& acts);

private:
  void before_commit() const;

  commit_writer_options options_;
  std::map<std::uint64_t, std::shared_ptr<reading_group>> assessed_;
  std::vector<transformer_summary> summaries_;
  std::size_t summary_bytes_ = 0;
  std::uint64_t summarised_group_ = 0; ///< what the summaries at hand say is true when this group is durable
  std::vector<summary_taken> unanswered_;
  bool log_folded_ = false;
  std::uint64_t next_ = 1; ///< group to be committed
};

/// Spawn detached: it blocks on the disk. Handles `group_assessed`, `summary_part`, `flush_summaries` and
/// `record_acts`; after a failure it tells its owner and quits.
caf::behavior commit_writer(caf::stateful_actor<commit_writer_state>* self, commit_writer_options options);

} // namespace gridtwin
