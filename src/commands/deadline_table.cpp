#include "src/commands/deadline_table.hpp"

#include "config/printable_text.hpp"
#include "src/commands/terminal.hpp"
#include "twins/energy.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace gridtwin {

namespace {

constexpr std::int64_t seconds_per_hour = 3600;

std::string per_cent(std::uint64_t part, std::uint64_t whole) { return format_ratio(share_of(part, whole), 100, 2); }

/// With one decimal; below 0 behind the gate.
std::string hours_left(const deadline_frame& frame, const planned_run& run) {
  const std::int64_t left = run.gate.at_s - frame.as_of_s;
  return (left < 0 ? "-" : "") + format_ratio(static_cast<uint128>(std::abs(left)), seconds_per_hour, 1);
}

std::string group_column(const deadline_frame& frame, std::string_view text) {
  return frame.by == progress_group::all ? std::string() : fmt::format("{:<13} ", text);
}

template <class Number>
std::string or_null(const std::optional<Number>& number) {
  return number ? std::to_string(*number) : "null";
}

} // namespace

std::string deadline_heading(const deadline_frame& frame) {
  std::string out = fmt::format(
    "as of {}{}, timetables: {}\n\n", format_instant(frame.as_of_s),
    frame.as_of_given ? "" : ", when the last reading in the store became known (no --as-of)", frame.timetables);
  out += group_column(frame, progress_group_names[static_cast<std::size_t>(frame.by)]);
  out += fmt::format("{:<12}{:<5}{:<12}{:<21}{:>9}{:>14}{:>14}{:>14}{:>12}{:>12}{:>10}{:>8}{:>17}{:>10}  {}\n", "date",
                     "run", "run date", "gate", "hours", "expected", "received", "actual", "estimated", "missing",
                     "complete", "gaps", "in time", "forecast", "verdict");
  return out;
}

std::string deadline_text(const deadline_frame& frame, const deadline_row& row) {
  const date_progress& n = *row.counts;
  const run_progress& p = row.progress;
  const std::string in_time =
    p.made_last_gate ? std::string(name_of(*row.run->last_closed)) + " " + with_thousands(*p.made_last_gate) : "-";
  return group_column(frame, row.group)
         + fmt::format("{:<12}{:<5}{:<12}{:<21}{:>9}{:>14}{:>14}{:>14}{:>12}{:>12}{:>9}%{:>8}{:>17}{:>10}  {}\n",
                       format_date(row.date->date), name_of(row.run->run), format_date(row.run->gate.date),
                       format_instant(row.run->gate.at_s), hours_left(frame, *row.run), with_thousands(n.expected),
                       with_thousands(n.received), with_thousands(n.actual), with_thousands(n.received - n.actual),
                       with_thousands(n.missing()), per_cent(n.received, n.expected),
                       with_thousands(n.meters_with_gaps()), in_time,
                       p.forecast ? per_cent(*p.forecast, n.expected) + "%" : "-", name_of(p.verdict));
}

std::string deadline_json(const deadline_frame& frame, const deadline_row& row) {
  const date_progress& n = *row.counts;
  const run_progress& p = row.progress;
  std::string out = "{";
  if (frame.by != progress_group::all)
    out += fmt::format("\"{}\":{},", progress_group_names[static_cast<std::size_t>(frame.by)], json_string(row.group));
  out += fmt::format("\"settlement_date\":\"{}\",\"run\":\"{}\",\"run_date\":\"{}\",\"gate\":\"{}\",\"hours_left\":{},",
                     format_date(row.date->date), name_of(row.run->run), format_date(row.run->gate.date),
                     format_instant(row.run->gate.at_s), hours_left(frame, *row.run));
  out +=
    fmt::format("\"expected\":{},\"received\":{},\"actual\":{},\"estimated\":{},\"missing\":{},\"complete_pct\":{},"
                "\"meters_with_gaps\":{},",
                n.expected, n.received, n.actual, n.received - n.actual, n.missing(), per_cent(n.received, n.expected),
                n.meters_with_gaps());
  const auto timed = [&](submission_timing t) { return p.by_timing[static_cast<std::size_t>(t)]; };
  out +=
    fmt::format("\"on_time\":{},\"late\":{},\"post_final\":{},\"last_run\":{},\"made_last_gate\":{},",
                timed(submission_timing::on_time), timed(submission_timing::late), timed(submission_timing::post_final),
                row.run->last_closed ? json_string(name_of(*row.run->last_closed)) : "null", or_null(p.made_last_gate));
  out += fmt::format("\"forecast\":{},\"forecast_pct\":{},\"verdict\":\"{}\",\"as_of\":\"{}\"}}\n", or_null(p.forecast),
                     p.forecast ? per_cent(*p.forecast, n.expected) : "null", name_of(p.verdict),
                     format_instant(frame.as_of_s));
  return out;
}

std::string deadline_legend(const deadline_frame& frame) {
  return fmt::format(
    "\nCounts are half hours of a meter and quantity: expected of every connection in its range, received with a\n"
    "current value. gaps: meters that lack any. in time: of what was received, what was first known before the gate\n"
    "of the run that closed last. forecast: what will be there at the gate if as large a share of what is missing\n"
    "comes as came of the {} dates before that are old enough, between the same two ages of a date.\n"
    "at-risk: that is less than {}% (--target).\n",
    forecast_dates, format_ratio(frame.target_share, 100, 2));
}

} // namespace gridtwin
