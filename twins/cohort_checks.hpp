#pragma once

#include "twins/cohort_spread.hpp"
#include "twins/mpan.hpp"
#include "twins/period.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// What is found by comparing the meters of a feeder with each other (VA-15). Active import alone.
enum class cohort_check : std::uint8_t {
  fleet_drop, ///< fewer meters report than are expected
  outlier,    ///< far more than the cohort used in the same half hour
  stuck,      ///< the same value again and again, more than the cohort does that
  zero_run,   ///< nothing for hours while the cohort uses something
  left_out    ///< no finding: how many there were beyond the budget
};
/// `fleet-drop`
std::string_view name_of(cohort_check c) noexcept;

/// From what on something is found.
struct cohort_thresholds {
  std::int64_t z_milli = 3'500; ///< thousandths of a modified z-score (Iglewicz and Hoaglin)
  cohort_scale scale = cohort_scale::logarithm;
  std::int64_t deviation_floor_wh = 5;
  std::uint32_t stuck_half_hours = 6;  ///< equal values that are not 0
  std::uint32_t stuck_over_cohort = 2; ///< times the share of stuck readings that the cohort has
  std::uint32_t zero_half_hours = 8;   ///< four hours
  std::uint32_t drop_per_cent = 10;    ///< of the meters expected, of a cohort with one cause
  std::uint32_t drop_meters = 3;       ///< fewer have no cause in common, whatever share they are
  std::uint32_t smallest_cohort = 10;  ///< meters with a reading; of fewer a MAD says nothing
  std::uint32_t budget = 5;            ///< findings of a feeder and day, at least 1
};

/// Half hours that a day's checks look at: those of the day before, from which runs may come, and its own.
inline constexpr int cohort_slots = 2 * periods_per_day;
inline constexpr std::int64_t no_reading = -1;

/// One meter of a feeder: its current values of active import on two days, the day that is checked being the second.
struct cohort_member {
  mpan meter;
  std::string cohort;         ///< whom it is compared with: those of its feeder for which this is the same
  bool exports = false;       ///< its import is 0 when the sun shines
  std::uint64_t expected = 0; ///< bit n: should report half hour n of the day that is checked
  std::uint64_t revision = 0; ///< accepted versions on both days
  std::array<std::int64_t, cohort_slots> wh = nothing_read(); ///< `no_reading` where there is none
  std::array<std::uint16_t, cohort_slots> version{};

  static constexpr std::array<std::int64_t, cohort_slots> nothing_read() {
    std::array<std::int64_t, cohort_slots> out{};
    out.fill(no_reading);
    return out;
  }
};

struct cohort_finding {
  cohort_check check = cohort_check::outlier;
  std::optional<mpan> meter; ///< nothing: of the cohort, for one cause
  std::string cohort;        ///< `cohort_member::cohort`, or `all` for the whole feeder
  period first;
  period last;
  std::uint32_t half_hours = 0; ///< of those from first to last that it is about
  /// In thousandths. Outlier: z, the largest one. Stuck, zero run: half hours. Of a cohort: per cent of its
  /// meters. Left out: findings.
  std::int64_t statistic_milli = 0;
  std::int64_t threshold_milli = 0;
  std::uint32_t cohort_size = 0; ///< meters that the statistic is taken over
  std::uint32_t meters = 1;      ///< how many of them it is about
  std::string detail;            ///< what the statistic was made of: `name=value` with blanks between
};

/// Meters that should report a half hour, and those that do.
struct reporting_count {
  std::uint32_t expected = 0;
  std::uint32_t reported = 0;
  std::uint32_t missing() const noexcept { return expected > reported ? expected - reported : 0; }
};
using day_reporting = std::array<reporting_count, periods_per_day>;

/// Adds what a meter should and does report of the day that is checked.
void add_reporting(day_reporting& sum, const cohort_member& member) noexcept;
/// More than the threshold are missing.
bool has_dropped(const reporting_count& count, const cohort_thresholds& limits) noexcept;
/// Bit n: `has_dropped` in half hour n.
std::uint64_t dropped_mask(const day_reporting& counts, const cohort_thresholds& limits) noexcept;
/// One finding for each run of half hours of `mask`, of the cohort `all`.
std::vector<cohort_finding> find_drops(utc_day day, const day_reporting& counts, std::uint64_t mask,
                                       const cohort_thresholds& limits);

/// Everything found of the meters of one feeder that have one cohort, sorted by `precedes`; several with one cause are
/// one finding. Order of the members does not matter.
std::vector<cohort_finding> check_cohort(utc_day day, std::span<const cohort_member* const> members,
                                         const cohort_thresholds& limits);

/// The first 16 hexadecimal digits of a SHA-256 over the members in order of their MPANs and what was read of them on
/// both days: a line `MPAN`, then for each half hour `period number,Wh,version` (periods by `period`, counted from
/// 1970).
std::string digest_of_readings(utc_day day, std::span<const cohort_member* const> members);

} // namespace gridtwin
