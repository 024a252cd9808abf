#pragma once

#include "twins/cohort_checks.hpp"

#include <vector>

namespace gridtwin {

/// Which of two findings of one feeder comes first where they are listed: by MPAN as text (none first), name of the
/// check, first and last half hour, cohort.
bool precedes(const cohort_finding& a, const cohort_finding& b);

/// When a share of a cohort has something in common.
struct common_cause {
  std::uint32_t more_than_per_cent = 0;
  std::uint32_t least_meters = 0;
  std::uint32_t cohort_size = 0;
};

/// Makes one finding of those of many meters at one time, as long as there are such: those that hold the half hour that
/// most of them hold, the earliest of these. `findings`: of one check and cohort, none of one meter overlapping.
std::vector<cohort_finding> merge_causes(std::vector<cohort_finding> findings, const common_cause& cause);

/// Keeps the largest findings of a feeder and day: first those of a cohort, then by statistic against threshold. Where
/// some are left out, one says how many. Sorted by `precedes`.
std::vector<cohort_finding> keep_largest(std::vector<cohort_finding> findings, utc_day day, std::uint32_t budget);

} // namespace gridtwin
