#pragma once

#include "src/store/day_source.hpp"
#include "src/store/journal.hpp"
#include "src/store/reading_moves.hpp"
#include "src/store/store_folder.hpp"
#include "src/store/topology.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

/// All moves of a store, as its journal tells of them.
result<reading_moves> read_moves(sqlite_database& database);

/// Reads a store through one connection; one thread at a time.
class store_reader {
public:
  static result<store_reader> open(const store_folder& folder);
  /// Through a connection that exists: one that writes sees what it has written.
  static result<store_reader> over(sqlite_database database);

  sqlite_database& database() noexcept { return *database_; }

  /// Sees one state of the store, whatever is committed meanwhile, until destroyed.
  result<void> hold_snapshot();

  /// Every day of every transformer, in order of day and number.
  result<void> for_each_day(const std::function<void(transformer_number, utc_day, bool summarised)>& f);

  /// Days on which some key has more than one content, in order of day and number.
  result<std::vector<std::pair<transformer_number, utc_day>>> contradicted_days();

  /// See `day_source::load`.
  result<std::size_t> load(transformer_number t, utc_day day, const day_source::take& f);

  /// Journal records that hold the readings of a day.
  result<std::vector<record_id>> records_of(transformer_number t, utc_day day);
  struct recorded_readings {
    std::uint32_t run = 0;
    std::vector<stored_reading> readings; ///< with their lineage
  };
  /// The readings in a record that belong to a transformer by now, wherever they belonged when they were added.
  result<recorded_readings> journal_readings(record_id record, transformer_number t);
  /// The run that wrote a `readings` record.
  result<std::uint32_t> run_of(record_id record);
  /// Sorts `readings` records that hold readings of one transformer by when they were written.
  result<void> sort_by_arrival(std::vector<record_id>& of);

  /// When the readings of a day became known: each `known_time` that its fragments have, once.
  result<std::vector<known_time>> known_times(transformer_number t, utc_day day);
  /// The last instant at which a reading that is stored became known; nothing where none is.
  result<std::optional<std::int64_t>> last_known();

  /// When what each run read became known, by the run's number.
  result<std::unordered_map<std::uint32_t, known_time>> known_by_run();

  /// By feeder of the transformer; empty where nothing is stored.
  result<std::vector<feeder_day_load>> loads(transformer_number t, utc_day day);
  result<std::string> encoded_loads(transformer_number t, utc_day day);

  /// Gaps and missing half hours by transformer number, as counted when its days were last summarised.
  result<std::unordered_map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>>> gap_counts();

  /// Parts of load shapes that were kept with the summaries of days `first` to `last`, packed, in order of day and
  /// number; false from `f` ends it. Days that are not summarised have older parts or none: see `days_to_summarise`.
  result<void> for_each_shape_part(utc_day first, utc_day last,
                                   const std::function<bool(transformer_number, utc_day, std::string_view)>& f);
  /// The same of one day; nothing where none was kept.
  result<std::optional<std::string>> shape_part(transformer_number t, utc_day day);
  /// Days that a run which was cut off has changed, in order of day and number.
  result<std::vector<std::pair<transformer_number, utc_day>>> days_to_summarise();

  struct summary {
    std::string nodes; ///< unpacked
    std::string masks; ///< unpacked
  };
  result<std::optional<summary>> day_summary(transformer_number t, utc_day day);

  /// What is read next goes by the estate that is bound then: for who stays while others are bound.
  void forget_moves() noexcept { moves_.reset(); }

private:
  result<std::vector<std::pair<transformer_number, utc_day>>> list_keys(sql_text sql);

  enum statement {
    fragments,
    records,
    journal_body,
    journal_head,
    day_loads,
    day_summaries,
    fragment_times,
    day_shapes,
  };

  explicit store_reader(sqlite_database database) : database_(std::make_unique<sqlite_database>(std::move(database))) {}

  /// As the journal tells of them when first asked, or since they were forgotten.
  result<const reading_moves*> moves();

  std::unique_ptr<sqlite_database> database_;
  std::vector<sqlite_statement> statements_;
  std::unique_ptr<const reading_moves> moves_;
  std::unordered_map<std::int64_t, std::uint32_t> run_of_; ///< by record; those that were asked for
};

/// A `day_source` on a store: hands each caller a reader of its own, made when all are taken.
class stored_days final : public day_source {
public:
  explicit stored_days(const store_folder& folder) : folder_(&folder) {}

  result<std::size_t> load(transformer_number t, utc_day day, const take& f) override;
  result<std::string> loads(transformer_number t, utc_day day) override;
  result<std::string> masks(transformer_number t, utc_day day) override;

private:
  template <class Work>
  auto with_reader(const Work& work) -> decltype(work(std::declval<store_reader&>()));

  const store_folder* folder_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<store_reader>> idle_;
};

} // namespace gridtwin
