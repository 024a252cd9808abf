#include "twins/period.hpp"

#include <array>
#include <cstdio>

namespace gridtwin {

namespace {

constexpr int hours_of_change = 1; // both clock changes are at 01:00 UTC

constexpr bool leap(std::int32_t year) noexcept { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

constexpr int length_of_month(std::int32_t year, int month) noexcept {
  constexpr std::array<int, 12> lengths{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && leap(year) ? 29 : lengths[static_cast<std::size_t>(month - 1)];
}

/// Days since the epoch of the last Sunday of a month with 31 days.
std::int32_t last_sunday(std::int32_t year, int month) noexcept {
  const std::int32_t last = days_from_civil({year, month, 31});
  const std::int32_t weekday = ((last % 7) + 7 + 4) % 7; // 0 = Sunday; 1970-01-01 was a Thursday
  return last - weekday;
}

/// British Summer Time as fixed since 1996: last Sunday of March 01:00 UTC to last Sunday of October 01:00 UTC
/// (Summer Time Order 2002).
bool summer_time(std::int64_t seconds) noexcept {
  const std::int32_t days = static_cast<std::int32_t>(seconds >= 0 ? seconds / seconds_per_day
                                                                   : (seconds - seconds_per_day + 1) / seconds_per_day);
  const civil_date date = civil_from_days(days);
  if (date.month != 3 && date.month != 10)
    return date.month > 3 && date.month < 10;
  const std::int64_t change =
    std::int64_t{last_sunday(date.year, date.month)} * seconds_per_day + hours_of_change * 3600;
  return (seconds >= change) == (date.month == 3);
}

/// Seconds since the epoch of the local midnight that starts a date.
std::int64_t local_midnight(std::int32_t days) noexcept {
  const std::int64_t utc = std::int64_t{days} * seconds_per_day;
  return summer_time(utc - 3600) ? utc - 3600 : utc;
}

/// Reads exactly `width` digits.
bool digits(std::string_view text, std::size_t at, std::size_t width, int& value) noexcept {
  if (at + width > text.size())
    return false;
  value = 0;
  for (std::size_t i = at; i < at + width; ++i) {
    if (text[i] < '0' || text[i] > '9')
      return false;
    value = value * 10 + (text[i] - '0');
  }
  return true;
}

} // namespace

bool valid(const civil_date& date) noexcept {
  return date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= length_of_month(date.year, date.month);
}

// Counts in eras of 400 years from 1 March, so that the leap day is the last of its year.
std::int32_t days_from_civil(const civil_date& date) noexcept {
  const std::int32_t year = date.month <= 2 ? date.year - 1 : date.year;
  const std::int32_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int32_t year_of_era = year - era * 400;
  const std::int32_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  const std::int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + day_of_era - 719'468;
}

civil_date civil_from_days(std::int32_t days) noexcept {
  const std::int32_t shifted = days + 719'468;
  const std::int32_t era = (shifted >= 0 ? shifted : shifted - 146'096) / 146'097;
  const std::int32_t day_of_era = shifted - era * 146'097;
  const std::int32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int32_t shifted_month = (5 * day_of_year + 2) / 153;
  const int month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day_of_year - (153 * shifted_month + 2) / 5 + 1};
}

int settlement_periods_of(const civil_date& local_date) noexcept {
  const std::int32_t days = days_from_civil(local_date);
  return static_cast<int>((local_midnight(days + 1) - local_midnight(days)) / seconds_per_period);
}

settlement_period to_settlement_period(period p) noexcept {
  const std::int64_t start = p.start_s();
  const std::int64_t local = start + (summer_time(start) ? 3600 : 0);
  const std::int32_t days =
    static_cast<std::int32_t>(local >= 0 ? local / seconds_per_day : (local - seconds_per_day + 1) / seconds_per_day);
  return {civil_from_days(days), static_cast<int>((start - local_midnight(days)) / seconds_per_period) + 1};
}

std::optional<period> from_settlement_period(const settlement_period& local) noexcept {
  if (!valid(local.date) || local.number < 1 || local.number > settlement_periods_of(local.date))
    return std::nullopt;
  const std::int64_t midnight = local_midnight(days_from_civil(local.date));
  return period{static_cast<std::int32_t>(midnight / seconds_per_period) + local.number};
}

std::string format_date(const civil_date& date) {
  std::array<char, 40> buffer{};
  const int length = std::snprintf(buffer.data(), buffer.size(), "%04d-%02d-%02d", date.year, date.month, date.day);
  return {buffer.data(), static_cast<std::size_t>(length)};
}

std::string format_day(utc_day day) { return format_date(civil_from_days(day.number)); }

std::string format_instant(std::int64_t seconds) {
  const std::int64_t days =
    seconds >= 0 ? seconds / seconds_per_day : (seconds - seconds_per_day + 1) / seconds_per_day;
  const auto of_day = static_cast<int>(seconds - days * seconds_per_day);
  std::array<char, 24> clock{};
  const int length =
    std::snprintf(clock.data(), clock.size(), "T%02d:%02d:%02dZ", of_day / 3600, of_day / 60 % 60, of_day % 60);
  return format_date(civil_from_days(static_cast<std::int32_t>(days)))
    .append(clock.data(), static_cast<std::size_t>(length));
}

std::string format_period(period p) { return format_instant(p.end_s()); }

result<civil_date> parse_date(std::string_view text) {
  civil_date date;
  if (text.size() == 10 && digits(text, 0, 4, date.year) && text[4] == '-' && digits(text, 5, 2, date.month)
      && text[7] == '-' && digits(text, 8, 2, date.day) && valid(date))
    return date;
  return error{errc::usage, "expected a date as YYYY-MM-DD, found '" + std::string(text.substr(0, 40)) + "'"};
}

result<std::int64_t> parse_instant(std::string_view text) {
  const auto wrong = [text] {
    return error{errc::usage,
                 "expected a time as 2026-03-01T00:30:00Z, found '" + std::string(text.substr(0, 40)) + "'"};
  };
  const auto date = parse_date(text.substr(0, 10));
  if (!date)
    return wrong();
  const std::int64_t midnight = std::int64_t{days_from_civil(*date)} * seconds_per_day;
  if (text.size() == 10)
    return midnight;
  int hour = 0;
  int minute = 0;
  int second = 0;
  if ((text[10] != 'T' && text[10] != ' ') || !digits(text, 11, 2, hour) || text.size() < 16 || text[13] != ':'
      || !digits(text, 14, 2, minute))
    return wrong();
  std::size_t at = 16;
  if (at < text.size() && text[at] == ':') {
    if (!digits(text, at + 1, 2, second))
      return wrong();
    at += 3;
  }
  if (hour > 24 || minute > 59 || second > 59 || (hour == 24 && (minute != 0 || second != 0)))
    return wrong();
  const std::int64_t local = midnight + hour * 3600 + minute * 60 + second;
  if (text.substr(at) == "Z")
    return local;
  int offset_hours = 0;
  int offset_minutes = 0;
  if (text.size() != at + 6 || (text[at] != '+' && text[at] != '-') || !digits(text, at + 1, 2, offset_hours)
      || text[at + 3] != ':' || !digits(text, at + 4, 2, offset_minutes) || offset_hours > 23 || offset_minutes > 59)
    return wrong();
  const std::int64_t offset = offset_hours * 3600 + offset_minutes * 60;
  return text[at] == '+' ? local - offset : local + offset;
}

} // namespace gridtwin
