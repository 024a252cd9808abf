#pragma once

#include "twins/estate.hpp"
#include "twins/estimation.hpp"
#include "twins/hash.hpp"
#include "twins/reading.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace gridtwin {

/// Why a half hour has no actual, and so had to be estimated.
enum class missing_cause : std::uint8_t {
  not_received,
  contradicted,      ///< readings of one version differ
  refused,           ///< what was received was rejected or quarantined
  received_estimate, ///< somebody else's estimate was received, and is settled
  de_energised,      ///< nothing is due
};
/// `not-received`
std::string_view name_of(missing_cause c) noexcept;

/// A half hour of a meter as a run settles it.
struct settled_half_hour {
  std::uint8_t place = 0; ///< within the local date, 0: its first period
  gridtwin::content content;
  std::uint16_t version = 0; ///< of the reading; 0: the run's own estimate
};

/// Why a half hour without an actual is settled as it is.
struct settled_estimate {
  std::uint8_t place = 0;
  missing_cause cause = missing_cause::not_received;
  std::optional<verdict> refusal; ///< with `missing_cause::refused`
  std::optional<estimate> made;   ///< none: a received estimate
};

/// How a half hour differs from the run before.
enum class change_cause : std::uint8_t {
  actual_for_estimate,   ///< an actual came
  actual_corrected,      ///< an actual has another value
  estimate_for_actual,   ///< the actual was contradicted or withdrawn
  estimate_changed,      ///< what it was estimated from has changed
  new_half_hour,         ///< the run before had no such meter
  no_longer_settled,     ///< the run before had an estimate; the estate has no such meter, quantity or range now
  correction_back_dated, ///< a corrected value was added after the run before, and counts as known at its gate
};
inline constexpr std::size_t change_cause_count = 7;
constexpr std::size_t index_of(change_cause c) noexcept { return static_cast<std::size_t>(c); }
/// `actual-for-estimate`
std::string_view name_of(change_cause c) noexcept;

struct settled_change {
  std::uint8_t place = 0;
  change_cause cause = change_cause::actual_for_estimate;
  std::int64_t before_wh = 0;
  std::int64_t after_wh = 0;
};

/// A quantity of one row of the estate: the half hours of the date that its range holds.
struct settled_series {
  connection_index connection;
  gridtwin::quantity quantity = quantity::active_import;
  std::vector<settled_half_hour> half_hours; ///< ascending, without a hole
  std::vector<settled_estimate> estimates;   ///< of those that are no actuals, ascending
  std::vector<settled_change> changes;       ///< ascending
};

struct settled_transformer {
  transformer_index transformer;
  std::vector<settled_series> series; ///< by connection and quantity's name
  digest estimated_from{};            ///< of the readings that its estimates were made from
};

} // namespace gridtwin
