#pragma once

#include "src/store/audit.hpp"
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
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

/// A source that a run comes to know while it is under way.
struct named_source {
  std::uint32_t number = 0;
  std::string name;
};

/// Everything that one transaction makes durable.
struct group_commit {
  std::vector<transformer_commit> transformers;
  std::vector<kept_reject> rejects;    ///< those that never reached a twin
  std::vector<named_source> sources{}; ///< that the store does not know
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
  /// Sources that the store knew when it was opened, or will with the run's opening, and a number above all of them.
  const std::unordered_map<std::string, std::uint32_t>& sources() const noexcept { return sources_; }
  std::uint32_t next_source() const noexcept { return next_source_; }

  /// Commits a group of batches: journal, fragments, loads, rejects, dead letters, faults of twins. A group that adds
  /// nothing writes nothing. `records`: gets the journal's record of each of `group.transformers`, 0 where it added
  /// nothing.
  result<void> commit(const group_commit& group, std::vector<record_id>* records = nullptr);

  /// Commits summaries of days, at the end of a run.
  result<void> commit_summaries(const std::vector<transformer_summary>& summaries);

  /// Adds to the run's counters, at its end. Those that are 0 are not written, and nothing where all are.
  result<void> commit_counters(std::span<const std::pair<std::string_view, std::int64_t>> counters);

  /// Writes audit events, of what was done or refused while the run is under way.
  result<void> commit_acts(std::span<const audit_event> acts);

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
  result<void> write_group(const group_commit& group, std::vector<record_id>* records);
  result<void> write_sources(const std::vector<named_source>& sources);
  result<void> write_readings(const group_commit& group, std::vector<record_id>* records);
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
  std::unordered_map<std::string, std::uint32_t> sources_;
  std::uint32_t next_source_ = 1;
  std::vector<std::uint32_t> source_numbers_;
  std::vector<std::size_t> new_sources_;
  std::uint32_t run_ = 1;
  bool opened_ = false;
};

} // namespace gridtwin
