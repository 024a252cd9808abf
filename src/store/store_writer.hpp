#pragma once

#include "src/store/commit.hpp"
#include "src/store/journal.hpp"
#include "src/store/log_folding.hpp"
#include "src/store/store_folder.hpp"
#include "src/store/supervision_record.hpp"
#include "src/store/topology.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// Everything that one transaction makes durable.
struct group_commit {
  std::vector<transformer_commit> transformers;
  std::vector<kept_reject> rejects; ///< those that never reached a twin
};

/// The run that is about to write, and what it must bind before its first batch.
struct run_opening {
  std::string options; ///< as text, kept in the journal: rules and formats take effect at a place in it
  std::vector<std::string> sources;
  gridtwin::topology_change topology;
  std::shared_ptr<const estate_bytes> estate;
  known_time known; ///< of what the run reads
  /// The options bind other rules than the runs before: they must be recorded even if no reading is added.
  bool binds_rules = false;
};

/// The one writer of a store. Every call is one transaction, synced before it returns. After a failure nothing more may
/// be written: the owner ends the process, and the next start goes on from what is committed.
class store_writer {
public:
  static result<store_writer> open(const store_folder& folder, run_opening opening);

  ~store_writer();
  store_writer(store_writer&&) noexcept;
  store_writer& operator=(store_writer&&) noexcept;
  store_writer(const store_writer&) = delete;
  store_writer& operator=(const store_writer&) = delete;

  /// Number of the run; the store knows it once it has added something.
  std::uint32_t run() const noexcept { return run_; }
  /// Store's number of the run's n-th source.
  std::uint32_t source_number(std::size_t n) const noexcept { return source_numbers_[n]; }

  /// Commits a group of batches: journal, fragments, loads, rejects, dead letters, faults of twins. A group that adds
  /// nothing writes nothing.
  result<void> commit(const group_commit& group);

  /// Commits summaries of days, at the end of a run.
  result<void> commit_summaries(const std::vector<transformer_summary>& summaries);

  /// Adds to the run's counters, at its end. Those that are 0 are not written, and nothing where all are.
  result<void> commit_counters(std::span<const std::pair<std::string_view, std::int64_t>> counters);

  /// Folds the database's log into its file while nothing is written: readings are through, days are being hashed.
  void fold_log() { folding_->begin(); }

  /// Binds a changed estate or changed rules even when no reading was added, and lets the log of the database be folded
  /// into its file.
  result<void> close();

private:
  struct statements;

  store_writer(const store_folder& folder, sqlite_database database, run_opening opening);

  result<void> prepare();
  result<void> in_transaction(const auto& work);
  result<void> write_opening();
  result<void> write_group(const group_commit& group);
  result<void> write_readings(const group_commit& group);
  result<void> write_days(const transformer_commit& t, record_id record);
  result<void> add_fragment(transformer_number t, utc_day day, std::uint32_t run, std::string_view records,
                            std::string_view body);
  result<void> drop_fragments(transformer_number t, utc_day day, std::string& records);
  result<void> write_rejects(const group_commit& group);
  result<bool> keep(const kept_reject& reject);
  supervised_run supervised();
  result<void> write_summary(const transformer_summary& summary);

  result<void> bound_log();

  std::unique_ptr<sqlite_database> database_;
  std::unique_ptr<log_folding> folding_;
  std::unique_ptr<journal_appender> journal_;
  std::unique_ptr<statements> statements_;
  run_opening opening_;
  std::vector<std::uint32_t> source_numbers_;
  std::vector<std::size_t> new_sources_;
  std::uint32_t run_ = 1;
  bool opened_ = false;
};

} // namespace gridtwin
