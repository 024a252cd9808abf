#pragma once

#include "twins/estimation_settings.hpp"
#include "twins/settlement_calendar.hpp"

#include <string_view>
#include <vector>

namespace gridtwin {

/// What of settlement is data, for it changes by date or was not found in any source.
struct settlement_settings {
  std::vector<settlement_timetable> timetables;
  /// On the date of a run, what became known before this time of the local clock counts: minutes since midnight.
  int gate_minute = 0;
  /// How missing half hours are estimated. Keys that a text does not have are as built in.
  estimation_settings estimation;
};

/// Error: says the key and how to mend it. `origin_name` names the text in messages.
result<settlement_settings> parse_settlement_settings(std::string_view toml, std::string_view origin_name);

/// What holds without a file of one's own, as TOML, with the source of each figure.
std::string_view built_in_settlement_settings() noexcept;

/// Dates, a line each: the first column of a CSV, with or without a header `date`; blank lines and lines that begin
/// with `#` count for nothing. Error: the line that is no date.
result<std::vector<civil_date>> parse_bank_holidays(std::string_view text, std::string_view origin_name);

/// Bank holidays of England and Wales, 2012 to 2028, as published by the government (www.gov.uk/bank-holidays).
std::string_view built_in_bank_holidays() noexcept;

} // namespace gridtwin
