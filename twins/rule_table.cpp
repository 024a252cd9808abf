#include "twins/rule_table.hpp"

namespace gridtwin {

namespace {

using enum rule_stage;

constexpr std::array<std::string_view, warning_count> warning_names{"over-alarm", "deenergised-consumption"};

struct staged {
  gridtwin::verdict verdict;
  rule_stage stage;
};

/// The contract's list. A wide row is a message of a day: two of the rules on messages are checked there, too.
constexpr std::array<staged, rule_count - warning_count> stages{{
  {verdict::unparseable, decode},
  {verdict::unknown_meter, decode},
  {verdict::unknown_quantity, decode},
  {verdict::null_value, decode},
  {verdict::nonexistent_local_time, decode},
  {verdict::ambiguous_local_time, decode},
  {verdict::off_grid, decode},
  {verdict::duration, message},
  {verdict::day_not_midnight, message},
  {verdict::duplicate_in_message, message},
  {verdict::overlap, message},
  {verdict::label_suspect, message},
  {verdict::negative, twin},
  {verdict::over_maximum, twin},
  {verdict::wrong_event, message},
  {verdict::zero_estimate_not_zero, twin},
  {verdict::reason_missing, twin},
  {verdict::amendment_reason_missing, twin},
  {verdict::not_appointed, twin},
  {verdict::status, message},
  {verdict::deenergised_estimate, twin},
  {verdict::before_connection, message},
  {verdict::future, timetable},
  {verdict::past_final_run, timetable},
}};

std::array<rule_row, rule_count> make_table() noexcept {
  std::array<rule_row, rule_count> out;
  std::size_t at = 0;
  for (const staged& s : stages)
    out[at++] = {name_of(s.verdict),
                 ecs_code_of(s.verdict),
                 s.stage,
                 is_quarantined(s.verdict) ? rule_severity::quarantine : rule_severity::reject,
                 s.verdict,
                 std::nullopt};
  for (const warning w : {warning::over_alarm, warning::deenergised_consumption})
    out[at++] = {name_of(w), {}, twin, rule_severity::warn, std::nullopt, w};
  return out;
}

} // namespace

const std::array<rule_row, rule_count>& rule_table() noexcept {
  static const std::array<rule_row, rule_count> table = make_table();
  return table;
}

std::string_view name_of(rule_stage stage) noexcept {
  constexpr std::array<std::string_view, 4> names{"decode", "message", "twin", "timetable"};
  return names[static_cast<std::size_t>(stage)];
}

std::string_view name_of(rule_severity severity) noexcept {
  constexpr std::array<std::string_view, 3> names{"reject", "quarantine", "warn"};
  return names[static_cast<std::size_t>(severity)];
}

std::string_view name_of(warning w) noexcept { return warning_names[index_of(w)]; }

} // namespace gridtwin
