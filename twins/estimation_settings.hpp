#pragma once

#include "twins/codes.hpp"
#include "twins/estate.hpp"
#include "twins/load_shape.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace gridtwin {

/// How an estimate came about. The names are ours: what the codes E0 to E9 and most EA mean was not found (domain notes
/// 1.3), so each method is given a code in the settings.
enum class estimation_method : std::uint8_t {
  register_advance, ///< what a register advanced, over own history (ours) or the shape (domain notes 3.3, M)
  supplier_annual,  ///< supplier-nominated annual consumption, scaled by the shape (DI-152, H; ITRON-LS, M)
  central_annual,   ///< annual consumption of central settlement, scaled by the shape (ITRON-LS, M)
  own_history,      ///< what the meter used at that time of such days before; ours
  shape_mean,       ///< the value of the shape itself (domain notes 3.1: missing data is defaulted with shapes, H)
  default_value,    ///< a fixed value by connection type; ours
  de_energised,     ///< nothing flows: zero. No rung, it goes before all of them
};
inline constexpr std::size_t estimation_method_count = 7;

constexpr std::size_t index_of(estimation_method m) noexcept { return static_cast<std::size_t>(m); }
/// `register-advance`
std::string_view name_of(estimation_method m) noexcept;
std::optional<estimation_method> parse_estimation_method(std::string_view name) noexcept;

/// Why what is known of a meter could not be used: for the worklist of a settlement run.
enum class estimation_exception : std::uint8_t {
  register_contradicted,    ///< two reads of one instant differ
  register_backwards,       ///< the later read is the lower one
  register_window_too_long, ///< more days between the reads than the settings allow
  register_below_intervals, ///< the advance is less than what was received for its half hours
  register_without_shape,   ///< the shape has no data for a half hour that has a share
  register_above_maximum,   ///< a share is more than a half hour of this meter may be
  annual_without_shape,     ///< an annual figure, but no shape to scale it by
  annual_out_of_bounds,     ///< an annual figure that gives more than a half hour may be, or is negative
};
inline constexpr std::size_t estimation_exception_count = 8;

constexpr std::size_t index_of(estimation_exception e) noexcept { return static_cast<std::size_t>(e); }
/// `register-below-intervals`
std::string_view name_of(estimation_exception e) noexcept;

/// Whose codes an estimate carries: by segment, and apart for what advanced meters export (domain notes 3.2, M).
enum class quality_family : std::uint8_t { smart, advanced, advanced_export, unmetered };
inline constexpr std::size_t quality_family_count = 4;
inline constexpr std::array<std::string_view, quality_family_count> quality_family_names{
  "smart", "advanced", "advanced_export", "unmetered"};

constexpr std::size_t index_of(quality_family f) noexcept { return static_cast<std::size_t>(f); }
quality_family quality_family_of(market_segment segment, quantity q) noexcept;
/// Whether estimates by that method may carry the code in that family (domain notes 1.3, H/M): a zero code for a
/// de-energised meter and for nothing else, and E0 to E9, EA1 to EA13, EAE1 to EAE3 and E each for its own family.
bool is_code_of(quality_family family, estimation_method method, quality code) noexcept;

/// What of estimation is a choice. The values that hold, with their sources, stand in the built-in settlement settings
/// (`config/`); what is here without them is empty, not a default.
struct estimation_settings {
  std::vector<estimation_method> order; ///< rungs from the first; where the last of them gives nothing, the default
  int register_window_days = 0;         ///< longest window between two register reads
  bool register_over_history = false;   ///< own history spreads a window first; else the shape alone
  int supplier_annual_days = 0;         ///< days that a supplier's figure is valid, its date the first
  int annual_total_percent = 0;         ///< of a year's half hours: the fewest of an annual total of a shape
  int seven_day_total_percent = 0;      ///< of a week's half hours: the fewest of a seven-day total of a shape
  int history_weeks = 0;                ///< how far own history looks back
  int history_fewest = 0;               ///< values of the same kind of day below which days of all kinds count
  std::array<std::int64_t, connection_type_count> default_wh{}; ///< Wh a half hour by `index_of(connection_type)`
  std::uint8_t reason_missing = 0;                              ///< nothing was received (DI-076)
  std::uint8_t reason_invalid = 0;                              ///< what was received does not stand
  std::uint8_t reason_de_energised = 0;
  std::uint32_t fewest_actuals = 0; ///< of a half hour of a load shape
  off_peak_window off_peak = off_peak_window::periods_1_to_14;
  std::array<std::array<quality, estimation_method_count>, quality_family_count> quality_codes{};

  quality code_of(quality_family family, estimation_method method) const noexcept {
    return quality_codes[index_of(family)][index_of(method)];
  }
};

} // namespace gridtwin
