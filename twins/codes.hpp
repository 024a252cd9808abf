#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gridtwin {

/// Measurement quantity (DI-052). An open registry: monitors will add more.
enum class quantity : std::uint8_t {
  active_import,   ///< AI, Wh
  active_export,   ///< AE, Wh
  reactive_import, ///< RI, varh
  reactive_export, ///< RE, varh
};
inline constexpr std::size_t quantity_count = 4;
inline constexpr std::array<std::string_view, quantity_count> quantity_names{"AI", "AE", "RI", "RE"};

/// Every known quantity in the order of its name as bytes, which is the order of exports.
inline constexpr std::array<quantity, quantity_count> quantities_by_name{
  quantity::active_export, quantity::active_import, quantity::reactive_export, quantity::reactive_import};

constexpr std::size_t index_of(quantity q) noexcept { return static_cast<std::size_t>(q); }
constexpr std::string_view name_of(quantity q) noexcept { return quantity_names[index_of(q)]; }
constexpr std::uint8_t mask_of(quantity q) noexcept { return static_cast<std::uint8_t>(1U << index_of(q)); }
std::optional<quantity> parse_quantity(std::string_view name) noexcept;

/// Settlement period quality indicator (DI-083): index into the 38 published codes. 0 is `A`, an actual.
struct quality {
  std::uint8_t code = 0;
  bool operator==(const quality&) const = default;
};
inline constexpr std::size_t quality_count = 38;
inline constexpr quality actual{0};
std::string_view name_of(quality q) noexcept;
std::optional<quality> parse_quality(std::string_view name) noexcept;
/// Actual values are `A`, `A1` to `A3` and `AAE1` to `AAE3`; all others are estimates.
bool is_actual(quality q) noexcept;
/// `ZE`, `ZE1` to `ZE3`: the value must be zero (ECS1011).
bool is_zero_estimate(quality q) noexcept;

/// Estimation reason (DI-076, 1 to 10) and consumption amendment reason (DI-166, a letter); 0 is none.
struct reasons {
  std::uint8_t estimation = 0;
  char amendment = 0;
  bool operator==(const reasons&) const = default;
};
inline constexpr std::uint8_t estimation_missing = 2;
inline constexpr std::uint8_t estimation_amended = 9;
inline constexpr std::uint8_t last_estimation_reason = 10;
constexpr bool is_amendment_reason(char c) noexcept {
  return c == 'A' || c == 'E' || c == 'M' || c == 'R' || c == 'S' || c == 'T' || c == 'X';
}

/// What a reading comes to. In the order in which it is checked; the first that applies is the verdict.
enum class verdict : std::uint8_t {
  unparseable,
  unknown_meter,
  unknown_quantity,
  null_value,
  nonexistent_local_time,
  ambiguous_local_time,
  off_grid,             ///< ECS1005
  duration,             ///< ECS1004
  day_not_midnight,     ///< ECS1014
  duplicate_in_message, ///< ECS1006
  overlap,              ///< ECS1007
  label_suspect,
  negative,                 ///< ECS1010
  over_maximum,             ///< ECS1012
  wrong_event,              ///< ECS1002
  zero_estimate_not_zero,   ///< ECS1011
  reason_missing,           ///< ECS1015
  amendment_reason_missing, ///< ECS1016
  not_appointed,            ///< ECS1001
  status,                   ///< ECS1009
  deenergised_estimate,     ///< ECS1008
  before_connection,        ///< ECS1013
  future,
  past_final_run, ///< ECS1003
  twin_failed,    ///< the meter's twin failed on it or is parked: kept, to be played again
  duplicate,
  conflict,
  accepted,
};
inline constexpr std::size_t verdict_count = static_cast<std::size_t>(verdict::accepted) + 1;

constexpr std::size_t index_of(verdict v) noexcept { return static_cast<std::size_t>(v); }
/// `over-maximum`
std::string_view name_of(verdict v) noexcept;
std::optional<verdict> parse_verdict(std::string_view name) noexcept;
/// `ECS1012`, or empty where central settlement has no code for it.
std::string_view ecs_code_of(verdict v) noexcept;

/// May become valid when more is known: kept apart from what is rejected.
constexpr bool is_quarantined(verdict v) noexcept {
  return v == verdict::unknown_meter || v == verdict::not_appointed || v == verdict::label_suspect
         || v == verdict::future || v == verdict::twin_failed;
}
constexpr bool is_rejected(verdict v) noexcept { return v < verdict::duplicate && !is_quarantined(v); }

} // namespace gridtwin
