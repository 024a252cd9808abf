#include "twins/run_gates.hpp"

#include "twins/final_runs.hpp"

namespace gridtwin {

result<run_gates> gates_of(const settlement_calendar& calendar, int gate_minute, const civil_date& settlement_date) {
  const auto timetable = calendar.timetable_of(settlement_date);
  if (!timetable)
    return timetable.failure();
  run_gates out;
  for (std::size_t i = 0; i < run_count; ++i) {
    if (!(*timetable)->runs[i])
      continue;
    const auto date = calendar.date_of(static_cast<run_code>(i), settlement_date, **timetable);
    if (date)
      out.of[i] = run_gate{*date, gate_s(*date, gate_minute)};
    else
      out.complete = false;
  }
  return out;
}

std::optional<submission_timing> timing_of(std::int64_t known_s, const run_gates& gates, run_code run) noexcept {
  const auto& final_run = gates[run_code::rf];
  if (!gates[run])
    return std::nullopt;
  if (final_run && !counts_for(known_s, final_run->at_s))
    return submission_timing::post_final;
  return counts_for(known_s, gates[run]->at_s) ? submission_timing::on_time : submission_timing::late;
}

std::optional<submission_timing> timing_of(std::int64_t known_s, period p, const run_gates& gates,
                                           run_code run) noexcept {
  const auto out = timing_of(known_s, gates, run);
  return out && known_s < p.end_s() ? submission_timing::early : out;
}

std::optional<run_code> first_run_for(std::int64_t known_s, const run_gates& gates) noexcept {
  std::optional<run_code> out;
  for (std::size_t i = 0; i < run_count; ++i) {
    const auto& gate = gates.of[i];
    if (gate && counts_for(known_s, gate->at_s) && (!out || gate->at_s < gates[*out]->at_s))
      out = static_cast<run_code>(i);
  }
  return out;
}

} // namespace gridtwin
