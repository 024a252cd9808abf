#pragma once

#include "twins/settlement_calendar.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gridtwin {

/// When a run of a settlement date is held, and until when what becomes known counts for it.
struct run_gate {
  civil_date date;
  std::int64_t at_s = 0; ///< see `gate_s`; seconds since the epoch
  bool operator==(const run_gate&) const = default;
};

/// The gates of one settlement date.
struct run_gates {
  /// By run; nothing where its timetable does not hold it, or bank holidays are not known so far.
  std::array<std::optional<run_gate>, run_count> of;
  /// The timetable holds a run whose date is not known: `of` is not all.
  bool complete = true;

  const std::optional<run_gate>& operator[](run_code run) const noexcept { return of[index_of(run)]; }
};

/// Error: no timetable is for so early a date.
result<run_gates> gates_of(const settlement_calendar& calendar, int gate_minute, const civil_date& settlement_date);

/// Whether what became known at an instant counts for a run: the gate's own instant is too late.
constexpr bool counts_for(std::int64_t known_s, std::int64_t gate_s) noexcept { return known_s < gate_s; }

/// What the instant at which a half hour became known makes of it, seen from a run of its settlement date (SR-04).
enum class submission_timing : std::uint8_t {
  early,      ///< before the half hour had ended, when it cannot have been measured
  on_time,    ///< before the run's gate
  late,       ///< after it, but before that of the final reconciliation: a later run takes it
  post_final, ///< after the gate of RF: too late for good (ECS1003)
};
inline constexpr std::array<std::string_view, 4> submission_timing_names{"early", "on-time", "late", "post-final"};
constexpr std::string_view name_of(submission_timing t) noexcept {
  return submission_timing_names[static_cast<std::size_t>(t)];
}

/// All but `early`, which takes a half hour to tell. Without a gate of RF nothing is `post_final`; of a run that has no
/// gate nothing is told.
std::optional<submission_timing> timing_of(std::int64_t known_s, const run_gates& gates, run_code run) noexcept;
std::optional<submission_timing> timing_of(std::int64_t known_s, period p, const run_gates& gates,
                                           run_code run) noexcept;

/// The first run for which what became known at an instant counts; nothing: it is behind every gate that is known.
std::optional<run_code> first_run_for(std::int64_t known_s, const run_gates& gates) noexcept;

} // namespace gridtwin
