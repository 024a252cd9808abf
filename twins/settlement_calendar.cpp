#include "twins/settlement_calendar.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

constexpr int days_a_week = 7;

/// 0: Monday.
int weekday_of(std::int32_t days) noexcept {
  constexpr int thursday = 3; // 1970-01-01
  return ((days + thursday) % days_a_week + days_a_week) % days_a_week;
}

/// The same day of a later month, or the last day of that month where it is shorter.
civil_date months_later(const civil_date& date, int months) noexcept {
  const int month = date.month - 1 + months;
  civil_date out{date.year + month / 12, month % 12 + 1, date.day};
  while (!valid(out))
    --out.day;
  return out;
}

} // namespace

std::optional<run_code> parse_run_code(std::string_view name) noexcept {
  const auto at = std::find(run_names.begin(), run_names.end(), name);
  if (at == run_names.end())
    return std::nullopt;
  return static_cast<run_code>(at - run_names.begin());
}

working_days::working_days(std::vector<civil_date> holidays) : holidays_(std::move(holidays)) {
  std::sort(holidays_.begin(), holidays_.end());
  if (holidays_.empty())
    return;
  first_year_ = holidays_.front().year;
  last_year_ = holidays_.back().year;
}

bool working_days::is_working(const civil_date& date) const noexcept {
  constexpr int saturday = 5;
  return weekday_of(days_from_civil(date)) < saturday && !std::binary_search(holidays_.begin(), holidays_.end(), date);
}

std::optional<civil_date> working_days::after(const civil_date& date, int n) const {
  std::int32_t day = days_from_civil(date) + (n > 0 ? 1 : 0);
  for (int left = std::max(n, 1);; ++day) {
    const civil_date at = civil_from_days(day);
    if (!known(at))
      return std::nullopt;
    if (is_working(at) && --left == 0)
      return at;
  }
}

settlement_calendar::settlement_calendar(std::vector<settlement_timetable> timetables, working_days days)
  : timetables_(std::move(timetables)), days_(std::move(days)) {
  std::stable_sort(timetables_.begin(), timetables_.end(),
                   [](const auto& a, const auto& b) { return a.from < b.from; });
}

result<const settlement_timetable*> settlement_calendar::timetable_of(const civil_date& settlement_date) const {
  const auto behind =
    std::upper_bound(timetables_.begin(), timetables_.end(), settlement_date,
                     [](const civil_date& date, const settlement_timetable& t) { return date < t.from; });
  if (behind == timetables_.begin())
    return error{errc::usage, "no timetable is for " + format_date(settlement_date) + ": the first begins with "
                                + format_date(timetables_.front().from)};
  return &*(behind - 1);
}

result<const settlement_timetable*> settlement_calendar::timetable_named(std::string_view name) const {
  std::string names;
  for (const settlement_timetable& t : timetables_) {
    if (t.name == name)
      return &t;
    names += (names.empty() ? "" : ", ") + t.name;
  }
  return error{errc::usage, "no timetable is called '" + std::string(name) + "'; there are: " + names};
}

result<civil_date> settlement_calendar::date_of(run_code run, const civil_date& settlement_date,
                                                const settlement_timetable& t) const {
  const auto& delay = t.runs[index_of(run)];
  if (!delay)
    return error{errc::usage, "the timetable '" + t.name + "' has no run " + std::string(name_of(run)) + " for "
                                + format_date(settlement_date)};
  const auto date = delay->months != 0 ? days_.after(months_later(settlement_date, delay->months), 0)
                                       : days_.after(settlement_date, delay->working_days);
  if (date)
    return *date;
  return error{errc::usage, "bank holidays are known for " + std::to_string(days_.first_year()) + " to "
                              + std::to_string(days_.last_year()) + ", which is not enough for "
                              + std::string(name_of(run)) + " of " + format_date(settlement_date)
                              + ": give a list that goes on (--holidays)"};
}

} // namespace gridtwin
