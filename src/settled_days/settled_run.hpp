#pragma once

#include "src/half_hours/past_settings.hpp"
#include "src/settled_days/estimate_index.hpp"
#include "src/store/settlement_record.hpp"
#include "src/store/sqlite.hpp"
#include "twins/estate.hpp"
#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

/// A run of settlement as its record has it: what it settled, by the estate that was bound then. Its events are the
/// quantities of rows of that estate that have half hours of the date, by transformer, row and quantity's name.
/// Immutable, for all threads.
class settled_run {
public:
  /// A quantity of one row of the estate.
  struct series {
    connection_index row;
    gridtwin::quantity quantity = quantity::active_import;
  };

  /// Error: store_failed where the record is none of a run of settlement, or is damaged.
  static result<std::shared_ptr<const settled_run>> open(sqlite_database& database, record_id record,
                                                         past_settings& settings);

  record_id record() const noexcept { return record_; }
  /// Without its estimates.
  const recorded_settlement& settled() const noexcept { return settled_; }
  const std::string& estate_hash() const noexcept { return estate_hash_; }
  const gridtwin::estate& estate() const noexcept { return *estate_; }
  const estimate_index& estimates() const noexcept { return estimates_; }
  /// Of the date, in order.
  const std::vector<period>& periods() const noexcept { return periods_; }

  std::uint32_t events() const noexcept { return first_event_.back(); }
  /// Of a transformer that may be one behind the last.
  std::uint32_t first_event(transformer_index t) const noexcept { return first_event_[t.value]; }
  /// Whose the event at a place is, which the run has.
  transformer_index transformer_at(std::uint32_t place) const noexcept;
  /// The transformer's events in their order.
  std::vector<series> series_of(transformer_index t) const;

private:
  settled_run(record_id record, past_settlement past, std::shared_ptr<const gridtwin::estate> estate,
              estimate_index estimates);

  bool has_date(const connection& row) const noexcept;

  record_id record_;
  recorded_settlement settled_;
  std::string estate_hash_;
  std::shared_ptr<const gridtwin::estate> estate_;
  estimate_index estimates_;
  std::vector<period> periods_;
  std::vector<std::uint32_t> first_event_; ///< by transformer, and all of them at the end
};

/// Runs that were asked for last, for all who read a store. From any thread; each brings its own connection.
class settled_runs {
public:
  explicit settled_runs(std::shared_ptr<past_settings> settings) : settings_(std::move(settings)) {}

  /// See `settled_run::open`.
  result<std::shared_ptr<const settled_run>> of(sqlite_database& database, record_id record);

private:
  /// Readers are mostly at the last one, or go through all of them.
  static constexpr std::size_t kept_most = 2;

  std::shared_ptr<past_settings> settings_;
  std::mutex mutex_;
  std::vector<std::shared_ptr<const settled_run>> kept_; ///< the one that was asked for last at the end
};

} // namespace gridtwin
