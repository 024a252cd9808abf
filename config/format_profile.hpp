#pragma once

#include "twins/codes.hpp"
#include "twins/energy.hpp"
#include "twins/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// How the readings of a file are laid out.
enum class row_layout : std::uint8_t {
  by_reading, ///< "long": a row a reading
  by_day,     ///< "wide": a row a day, a column a period
};

/// Which end of its half hour a file's time names.
enum class period_label : std::uint8_t { period_start, period_end };

/// Columns of a wide row, in order of the clock.
inline constexpr std::size_t wide_columns = 48;

/// The longest string and list of a profile.
inline constexpr std::size_t profile_string_limit = 200;
inline constexpr std::size_t profile_list_limit = 64;

/// A column of the file, by the names it may have: the first that the header holds counts.
struct column_choice {
  std::vector<std::string> names; ///< empty: the profile has no such column
  bool required = true;           ///< false: used if the header has it (built-in profiles only)
  bool given() const noexcept { return !names.empty(); }
};

/// How to read one kind of file of half-hourly readings; the keys of a profile's TOML, typed and checked.
struct format_profile {
  std::string name; ///< for messages: the built-in name, or the file
  char delimiter = ',';
  row_layout layout = row_layout::by_reading;
  column_choice meter; ///< absent: the command names the file's one meter
  column_choice time;
  std::string time_format = "iso8601";
  std::string zone = "UTC"; ///< "UTC", "+01:00", "Europe/London"; empty: every time must carry its offset
  period_label label = period_label::period_end;
  column_choice value;              ///< by_reading
  std::vector<std::string> columns; ///< by_day: 48 names in order of the clock
  energy_unit unit = energy_unit::kilowatt_hour;
  char thousands = 0; ///< 0: none
  std::vector<std::string> null_words{"", "Null"};
  gridtwin::quantity quantity = gridtwin::quantity::active_import; ///< where there is no column for it
  column_choice quantity_column;
  std::vector<std::pair<std::string, gridtwin::quantity>> quantity_map; ///< empty: the words are AI, AE, RI, RE
  column_choice quality_column;
  std::vector<std::pair<std::string, gridtwin::quality>> quality_map; ///< empty: the words are the published codes
  std::uint8_t reason = estimation_missing; ///< of estimates, where there is no column for it; 0: none
  column_choice reason_column;
  column_choice amendment_column; ///< ours: consumption amendment reason, a letter (DI-166)
  column_choice version_column;
};

inline constexpr std::array<std::string_view, 3> built_in_profile_names{"generic", "lcl", "lcl-kaggle"};

/// A profile that needs no file. Nothing where the name is not one of `built_in_profile_names`.
std::optional<format_profile> built_in_profile(std::string_view name);

/// Reads a profile's TOML. `origin_name` is the file, for messages. Unknown keys, wrong types and keys that contradict
/// each other are refused.
/// Error: `errc::bad_profile`; the message names file and key and says how to mend it.
result<format_profile> parse_profile(std::string_view toml, std::string_view origin_name);

/// The time of day, in minutes, that a column's name ends in (`H0030`, `kWh 23:30`, `H2400`). Nothing if it ends in
/// none.
std::optional<int> clock_minute_of(std::string_view column_name) noexcept;

} // namespace gridtwin
