#pragma once

#include "twins/result.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {

inline constexpr std::int64_t seconds_per_period = 1800;
inline constexpr int periods_per_day = 48;
inline constexpr std::int64_t seconds_per_day = seconds_per_period * periods_per_day;

/// A day in UTC: whole days since 1970-01-01.
struct utc_day {
  std::int32_t number = 0;
  auto operator<=>(const utc_day&) const = default;
};

/// A half hour, named by its END: the number of half hours from 1970-01-01T00:00Z to that end.
/// Period n covers [(n - 1) * 1800 s, n * 1800 s). Source: DIP data item DI-082, "Settlement Period Effective To".
struct period {
  std::int32_t number = 0;
  auto operator<=>(const period&) const = default;

  /// Seconds since the epoch at which the half hour ends.
  constexpr std::int64_t end_s() const noexcept { return std::int64_t{number} * seconds_per_period; }
  /// Seconds since the epoch at which the half hour starts; ranges of validity compare with this instant.
  constexpr std::int64_t start_s() const noexcept { return end_s() - seconds_per_period; }

  /// The UTC day D whose 48 periods end after D 00:00, up to and including D+1 00:00.
  constexpr utc_day day() const noexcept {
    const std::int32_t n = number - 1;
    return {n >= 0 ? n / periods_per_day : -((-n + periods_per_day - 1) / periods_per_day)};
  }
  /// Place within its UTC day, 0 (ends 00:30) to 47 (ends 24:00).
  constexpr int slot() const noexcept { return number - 1 - day().number * periods_per_day; }
};

constexpr period period_at(utc_day day, int slot) noexcept { return {day.number * periods_per_day + slot + 1}; }

/// The periods that are read and stored: those that end in the years 1970 to 2199.
inline constexpr period first_storable_period{1};
inline constexpr period last_storable_period{84'006 * periods_per_day};

/// A date of the proleptic Gregorian calendar.
struct civil_date {
  std::int32_t year = 1970;
  int month = 1;
  int day = 1;
  auto operator<=>(const civil_date&) const = default;
};

bool valid(const civil_date& date) noexcept;
std::int32_t days_from_civil(const civil_date& date) noexcept;
civil_date civil_from_days(std::int32_t days) noexcept;

/// A settlement date and period as central settlement numbers them: local time in Great Britain, period 1 ends at
/// 00:30 local, 48 periods a day, 46 in March, 50 in October on the days that the clock changes (DI-496).
struct settlement_period {
  civil_date date;
  int number = 1;
  auto operator<=>(const settlement_period&) const = default;
};

/// Periods of a local settlement date: 46, 48 or 50.
int settlement_periods_of(const civil_date& local_date) noexcept;
settlement_period to_settlement_period(period p) noexcept;
/// Nothing where the date does not have that many periods.
std::optional<period> from_settlement_period(const settlement_period& local) noexcept;

/// `2026-03-01T00:30:00Z`
std::string format_instant(std::int64_t seconds);
std::string format_period(period p);
/// `2026-03-01`
std::string format_date(const civil_date& date);
std::string format_day(utc_day day);

/// ISO 8601 with `Z` or an offset, seconds optional, or a bare date (its midnight in UTC).
/// Error: says what was expected.
result<std::int64_t> parse_instant(std::string_view text);
/// `YYYY-MM-DD`
result<civil_date> parse_date(std::string_view text);

} // namespace gridtwin
