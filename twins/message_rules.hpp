#pragma once

#include "twins/rules.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace gridtwin {

/// What a consumption message says it holds: `[ActivePower]`, `[ReactivePower]`.
enum class event_code : std::uint8_t { active_power, reactive_power };

/// The state of a metering point's registration (domain notes, 7).
enum class registration_status : std::uint8_t { created, operational, terminated };
inline constexpr std::size_t registration_status_count = 3;
constexpr std::size_t index_of(registration_status s) noexcept { return static_cast<std::size_t>(s); }

/// By status, whether consumption is recorded (ECS1009). Which statuses refuse was not found; that a terminated point
/// does is plain (VA-08). Ours, in the rule pack: only an operational point has consumption.
using recordable_statuses = std::array<bool, registration_status_count>;
inline constexpr recordable_statuses default_recordable{false, true, false};

/// An item of `consumptionPeriods`: `sp`, `v`, `q`, `e` and `arc`.
struct consumption_entry {
  std::int64_t end_s = 0; ///< `sp`: the END of the half hour, seconds since the epoch
  gridtwin::content content;
};

/// An item of `settlementDayConsumptionPeriods`. Instants lie in the years 0 to 9999, as the form of a message has
/// them.
struct consumption_day {
  std::int64_t day_s = 0; ///< `settlementDayDate` as an instant
  std::int32_t duration_minutes = 30;
  std::vector<consumption_entry> entries; ///< 1 to 48, says the schema; not asked here
};

/// A consumption message (IF-021, PUB-021) of one meter and quantity, as parsed.
struct consumption_message {
  gridtwin::mpan mpan;
  event_code event = event_code::active_power;
  gridtwin::quantity quantity = gridtwin::quantity::active_import;
  std::int64_t connection_from_s = 0; ///< `connectionTypeEffectiveFromDate`
  std::vector<consumption_day> days;  ///< 1 to 200, says the schema; not asked here
};

/// What is known of the meter beside the message.
struct message_context {
  /// Its rows of the estate, ascending in time; none: the meter is not known.
  std::span<const connection> rows;
  /// When the data service that sent the message is appointed; nothing where that is not known, and then not asked.
  std::optional<std::span<const period_range>> appointed;
  registration_status status = registration_status::operational;
  recordable_statuses recordable = default_recordable;
};

/// What an entry comes to before its twin sees it.
struct entry_outcome {
  /// `accepted`: no rule objects, the twin says whether it is a duplicate or a conflict.
  gridtwin::verdict verdict = gridtwin::verdict::accepted;
  std::uint32_t row = 0; ///< of `message_context::rows`, the one whose range holds the half hour, or the nearest before
};

/// The verdict of each entry, in the order of the message, by the first rule in the contract's order that objects.
/// Pure, and independent of the order of the entries, but for one thing: of entries of one half hour that say the same
/// the first stands, and the others are `duplicate_in_message`; if they contradict each other, all are.
/// Time: the entries' number and its logarithm, times the overlaps.
std::vector<entry_outcome> check_message(const consumption_message& message, const message_context& context,
                                         const rule_limits& limits);

/// Half hours of the UTC day that a message's day lacks, by their ends: completeness is the receiver's to see, for the
/// schema allows part of a day (domain notes, 9.12). Nothing is said of a day that does not begin at midnight.
std::vector<period> missing_of(const consumption_day& day);

/// Whether these are the 48 starts of a day's half hours, as minutes since its midnight, ascending: 0 to 1410. Read as
/// ends they would move a whole day by half an hour (domain notes, 9.1); so they are kept apart, never shifted.
/// Asked of a message's day and of the columns of a wide file.
bool are_starts_of_day(std::span<const int> minutes) noexcept;

/// ECS1006, by entry in the order of the message: see `check_message`.
std::vector<bool> duplicates_in(const consumption_message& message);
/// ECS1007, likewise: entries that share some time but not their end. At most one of two can be right, and nothing says
/// which: both are refused.
std::vector<bool> overlaps_in(const consumption_message& message);
/// Whether a message's day has the starts of its half hours where their ends belong.
bool is_start_labelled(const consumption_day& day);

// Rules on a message by themselves, each named after the verdict that it gives.

/// ECS1005: not the end of a half hour of a UTC day.
constexpr bool breaks_off_grid(std::int64_t end_s) noexcept { return end_s % seconds_per_period != 0; }
/// ECS1004: the schema knows no other duration.
constexpr bool breaks_duration(std::int32_t minutes) noexcept {
  return minutes * std::int64_t{60} != seconds_per_period;
}
/// ECS1014
constexpr bool breaks_day_not_midnight(std::int64_t day_s) noexcept {
  return day_s % (periods_per_day * seconds_per_period) != 0;
}
/// ECS1002: active quantities belong to one event, reactive ones to the other.
constexpr bool breaks_wrong_event(event_code event, quantity q) noexcept {
  const bool active = q == quantity::active_import || q == quantity::active_export;
  return active != (event == event_code::active_power);
}
/// ECS1009
constexpr bool breaks_status(registration_status status, const recordable_statuses& recordable) noexcept {
  return !recordable[index_of(status)];
}
/// ECS1013, to the letter: the END lies before the date. The half hour that ends with it lies before it, too, and
/// passes.
constexpr bool breaks_before_connection(std::int64_t end_s, std::int64_t connection_from_s) noexcept {
  return end_s < connection_from_s;
}

} // namespace gridtwin
