#pragma once

#include "src/settlement/date_progress.hpp"
#include "twins/run_gates.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace gridtwin {

/// Which runs are asked about, seen from an instant.
struct run_question {
  const settlement_calendar* calendar = nullptr;
  int gate_minute = 0;
  std::int64_t as_of_s = 0;
  std::vector<civil_date> shown;  ///< settlement dates, ascending
  std::vector<civil_date> stored; ///< of which the store has readings, ascending: forecasts are made from them
  std::optional<run_code> only;
  bool closed = false; ///< runs whose gate has passed, too
};

/// An earlier date, and the instants at which it was as old as the one looked at is now, and will be at its gate.
struct earlier_instants {
  std::size_t date = 0; ///< position in `run_plan::dates`
  std::int64_t then_s = 0;
  std::int64_t later_s = 0;
};

/// A run of a settlement date that is shown.
struct planned_run {
  std::size_t date = 0; ///< position in `run_plan::dates`
  run_code run = run_code::ii;
  run_gate gate;
  bool open = false;
  std::optional<run_code> last_closed;   ///< the date's run whose gate passed last; of a closed run: itself
  std::vector<earlier_instants> earlier; ///< what its forecast is made from, last date first
};

struct run_plan {
  std::vector<measured_date> dates; ///< those that are shown and those that forecasts are made from, ascending
  std::vector<run_gates> gates;     ///< by date
  std::vector<planned_run> runs;    ///< by date and run
  std::size_t dates_without_timetable = 0;
  std::size_t dates_with_unknown_runs = 0; ///< bank holidays are not known so far
};
run_plan plan_runs(const run_question& question);

enum class run_verdict : std::uint8_t {
  complete, ///< all that is expected is there; of a closed run: was, at its gate
  open,     ///< something is missing, the gate is ahead
  at_risk,  ///< the same, and by the forecast less than the target will be there
  missed,   ///< the gate has passed, and something was missing
};
inline constexpr std::array<std::string_view, 4> run_verdict_names{"complete", "open", "at-risk", "missed"};
constexpr std::string_view name_of(run_verdict v) noexcept { return run_verdict_names[static_cast<std::size_t>(v)]; }

/// How far a run of a date has come.
struct run_progress {
  run_verdict verdict = run_verdict::open;
  std::optional<std::uint64_t> forecast;       ///< half hours that will be known at the gate; see `known_at_gate`
  std::optional<std::uint64_t> made_last_gate; ///< of what was received: known before the gate of `last_closed`
  std::array<std::uint64_t, 4> by_timing{};    ///< of what was received, by `submission_timing`; none is `early` here
};

/// Shares in hundredths of a per cent.
inline constexpr std::uint64_t whole_share = 100'00;
/// Rounded down, so that only what is whole is 100 per cent. `whole` above 0.
std::uint64_t share_of(std::uint64_t part, std::uint64_t whole) noexcept;

/// `dates`: of one group, as `plan.dates`. Dates of which nothing was received tell nothing of others.
run_progress progress_of(const planned_run& run, const run_plan& plan, std::span<const date_progress> dates,
                         std::uint64_t target_share);

} // namespace gridtwin
