#pragma once

#include "src/commands/sorted_blocks.hpp"
#include "src/commands/sorted_rows.hpp"
#include "src/settlement/settlement_totals.hpp"
#include "src/settlement/worklist.hpp"
#include "twins/estimation.hpp"
#include "twins/hash.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gridtwin {

/// Gathers what a settlement run makes of each transformer, and writes its tables.
class settlement_files {
public:
  explicit settlement_files(const settlement_job& job);

  result<void> add(const settled_transformer& t);

  struct written_file {
    std::string name;
    digest hash{};
    std::uint64_t rows = 0;
  };
  /// Writes every table into a folder, each whole or not at all.
  result<std::vector<written_file>> write(const std::filesystem::path& folder);

  const settlement_totals& totals() const noexcept { return totals_; }
  /// The estimates that the run made, as its record keeps them, once all is added. Error: the temporary file failed.
  result<std::string> encoded_estimates();
  /// Over all readings that were settled, were refused or that estimates were made from: with what the run goes by, its
  /// inputs.
  digest readings() const;
  const std::vector<work_item>& work() const noexcept { return work_; }

private:
  void add_meter_day(const settled_series& series);
  void add_estimates(const settled_series& series);
  const std::string& inputs_text(const estimate_inputs& inputs);
  void add_changes(const settled_series& series);
  void mark_settled(const settled_series& series);
  result<void> add_no_longer_settled();
  void hash_readings(const settled_transformer& t);
  result<void> write_groups(table_writer& out) const;
  result<void> write_shares(table_writer& out) const;
  result<void> write_work(table_writer& out);

  const settlement_job* job_;
  std::vector<period> periods_;
  std::string date_;
  settlement_totals totals_;
  sorted_rows meter_days_;
  sorted_blocks estimates_; ///< lines of CSV
  sorted_rows changes_;
  std::vector<work_item> work_;
  sorted_blocks recorded_; ///< encoded, each series for itself
  std::vector<std::string> period_texts_;
  std::optional<history_mean> last_history_; ///< most half hours of a date are from the same days
  std::string inputs_text_;
  std::string reading_hashes_;
  std::vector<bool> settled_again_; ///< of the estimates of the run before
};

} // namespace gridtwin
