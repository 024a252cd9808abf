#pragma once

#include "twins/period.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// Settlement runs by their published codes, in the order in which they are held: interim information, initial
/// settlement, reconciliations, final reconciliation, dispute runs.
enum class run_code : std::uint8_t { ii, sf, r1, r2, r3, rf, dr, df };
inline constexpr std::size_t run_count = 8;
inline constexpr std::array<std::string_view, run_count> run_names{"II", "SF", "R1", "R2", "R3", "RF", "DR", "DF"};

constexpr std::size_t index_of(run_code r) noexcept { return static_cast<std::size_t>(r); }
constexpr std::string_view name_of(run_code r) noexcept { return run_names[index_of(r)]; }
std::optional<run_code> parse_run_code(std::string_view name) noexcept;

/// Working days: Monday to Friday without bank holidays. Known for whole years, those of the list that it was made
/// from.
class working_days {
public:
  /// `holidays`: in any order. The first and last of them say which years are known.
  explicit working_days(std::vector<civil_date> holidays);

  bool known(const civil_date& date) const noexcept { return date.year >= first_year_ && date.year <= last_year_; }
  bool is_working(const civil_date& date) const noexcept;
  /// WD+n: the n-th working day after a date, which itself need not be one; WD+0 is the date or the first working day
  /// behind it. Nothing: some of the days on the way are not known.
  std::optional<civil_date> after(const civil_date& date, int n) const;

  int first_year() const noexcept { return first_year_; }
  int last_year() const noexcept { return last_year_; }

private:
  std::vector<civil_date> holidays_; ///< ascending
  int first_year_ = 0;
  int last_year_ = -1;
};

/// How long after its settlement date a run is held: so many working days, or, where `months` is not 0, on the first
/// working day on or after the date so many months later.
struct run_delay {
  int working_days = 0;
  int months = 0;
  bool operator==(const run_delay&) const = default;
};

/// When the runs of a settlement date are held. A run that is not named is not held.
struct settlement_timetable {
  std::string name;
  civil_date from; ///< first settlement date that it is for
  std::array<std::optional<run_delay>, run_count> runs;
};

/// The timetables of all settlement dates, with the working days that they count.
class settlement_calendar {
public:
  /// `timetables`: at least one; for a date that one counts which began last.
  settlement_calendar(std::vector<settlement_timetable> timetables, working_days days);

  /// Error: no timetable is for so early a date.
  result<const settlement_timetable*> timetable_of(const civil_date& settlement_date) const;
  /// By name, whatever the date. Error: there is none, and which there are.
  result<const settlement_timetable*> timetable_named(std::string_view name) const;

  /// The date on which a run is held. Error: the timetable has no such run, or bank holidays are not known so far.
  result<civil_date> date_of(run_code run, const civil_date& settlement_date, const settlement_timetable& t) const;

  const std::vector<settlement_timetable>& timetables() const noexcept { return timetables_; }
  const working_days& days() const noexcept { return days_; }

private:
  std::vector<settlement_timetable> timetables_; ///< by first date
  working_days days_;
};

} // namespace gridtwin
