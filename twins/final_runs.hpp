#pragma once

#include "twins/estate.hpp"
#include "twins/settlement_calendar.hpp"

#include <cstdint>
#include <vector>

namespace gridtwin {

/// The instant on the date of a run from which nothing that becomes known counts for it: a time of the local clock, in
/// minutes since midnight. Runs are held on working days; the clock changes on Sundays.
std::int64_t gate_s(const civil_date& run_date, int gate_minute) noexcept;

/// Half hours for which it is too late (ECS1003).
struct closed_periods {
  std::vector<period_range> ranges; ///< ascending, apart from one another
  /// Bank holidays are known for all that mattered. If not, dates whose final run is not known count as open.
  bool complete = true;
};

/// The half hours of the settlement dates whose final reconciliation (RF) has passed its gate by an instant. Worked out
/// once a run: within a timetable the dates of its runs ascend, so that what is closed is one range of it. Across
/// timetables they do not (a date of July 2027 closes in October 2027, one of the month before in summer 2028), so that
/// one threshold would not do. A timetable without RF never closes; dates before the first timetable are open.
closed_periods closed_at(const settlement_calendar& calendar, int gate_minute, std::int64_t as_of_s);

} // namespace gridtwin
