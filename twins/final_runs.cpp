#include "twins/final_runs.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace gridtwin {

namespace {

std::int32_t first_period_of(std::int32_t date) noexcept {
  return from_settlement_period({civil_from_days(date), 1})->number;
}

/// The dates of one timetable: [first, behind).
struct date_range {
  std::int32_t first = 0;
  std::int32_t behind = 0;
};

} // namespace

std::int64_t gate_s(const civil_date& run_date, int gate_minute) noexcept {
  constexpr std::int64_t seconds_per_minute = 60;
  return from_settlement_period({run_date, 1})->start_s() + gate_minute * seconds_per_minute;
}

closed_periods closed_at(const settlement_calendar& calendar, int gate_minute, std::int64_t as_of_s) {
  closed_periods out;
  const auto& timetables = calendar.timetables();
  const working_days& days = calendar.days();
  const std::int32_t today = static_cast<std::int32_t>(as_of_s / seconds_per_day) + 1; // at the latest, anywhere in GB
  const std::int32_t first_known = days_from_civil({days.first_year(), 1, 1});
  for (std::size_t i = 0; i < timetables.size(); ++i) {
    const settlement_timetable& t = timetables[i];
    date_range dates{days_from_civil(t.from), today};
    if (i + 1 < timetables.size())
      dates.behind = std::min(dates.behind, days_from_civil(timetables[i + 1].from));
    if (!t.runs[index_of(run_code::rf)] || dates.first >= dates.behind)
      continue;
    // The first date that is still open; a date whose run is not known lies behind all that are.
    std::int32_t low = std::max(dates.first, first_known);
    std::int32_t high = std::max(low, dates.behind);
    const std::int32_t searched = low;
    while (low < high) {
      const std::int32_t middle = low + (high - low) / 2;
      const auto run = calendar.date_of(run_code::rf, civil_from_days(middle), t);
      if (run && gate_s(*run, gate_minute) <= as_of_s)
        low = middle + 1;
      else
        high = middle;
    }
    const bool none_known_closed = low == searched && searched > dates.first;
    if (none_known_closed || (low < dates.behind && as_of_s >= gate_s({days.last_year() + 1, 1, 1}, 0)))
      out.complete = false;
    if (low == searched)
      continue;
    const period_range range{first_period_of(dates.first), first_period_of(low)};
    if (!out.ranges.empty() && out.ranges.back().end == range.first)
      out.ranges.back().end = range.end;
    else
      out.ranges.push_back(range);
  }
  return out;
}

} // namespace gridtwin
