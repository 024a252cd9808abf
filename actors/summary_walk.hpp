#pragma once

#include "actors/messages.hpp"
#include "actors/open_days.hpp"
#include "src/store/gap_scan.hpp"
#include "src/store/shape_parts.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace gridtwin {

/// Goes through the days of a transformer when a run ends: hashes those that the run changed, sums their load
/// shapes, merges their fragments, counts gaps over all. In parts of bounded size, for a year of days is too much for
/// one message.
class summary_walk {
public:
  summary_walk(const run_context& run, transformer_index t, hosted_twins& twins, open_days& days);

  /// The next part; the last one is `finished` and holds the counts of gaps and the report.
  std::shared_ptr<summary_part::content> next();

private:
  result<std::string> masks_of(utc_day day, open_days::day_state& state, summary_part::content& out);
  result<day_summary> summarise(utc_day day, open_days::day_state& state);
  std::string shapes_of(utc_day day, const open_days::day_state& state, const transformer_twins& twins) const;
  result<void> check_loads(utc_day day, const std::vector<day_load>& kept) const;
  void note_peak(utc_day day, const std::vector<day_load>& loads);
  void finish(summary_part::content& out);

  const run_context* run_;
  transformer_number number_;
  transformer_index transformer_;
  connection_range connections_;
  hosted_twins* twins_;
  open_days* days_;
  std::unique_ptr<gap_scan> gaps_;
  std::map<utc_day, open_days::day_state>::iterator at_;
  shape_sorter sorter_;
  category_basis basis_;
  transformer_report report_;
  transformer_summary::gap_counts counted_;
  std::vector<std::uint64_t> missing_; ///< half hours, by place
};

} // namespace gridtwin
