#pragma once

#include "src/settlement/run_progress.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace gridtwin {

/// What the rows of `deadline` have in common.
struct deadline_frame {
  std::int64_t as_of_s = 0;
  bool as_of_given = false;
  std::uint64_t target_share = whole_share;
  progress_group by = progress_group::all;
  std::string timetables; ///< where they come from
};

/// A run of a settlement date, of one group.
struct deadline_row {
  std::string_view group;
  const measured_date* date = nullptr;
  const date_progress* counts = nullptr;
  const planned_run* run = nullptr;
  run_progress progress;
};

std::string deadline_heading(const deadline_frame& frame);
std::string deadline_text(const deadline_frame& frame, const deadline_row& row);
std::string deadline_json(const deadline_frame& frame, const deadline_row& row);
/// What the columns mean.
std::string deadline_legend(const deadline_frame& frame);

} // namespace gridtwin
