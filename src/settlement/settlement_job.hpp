#pragma once

#include "src/settlement/shape_book.hpp"
#include "src/store/earlier_days.hpp"
#include "src/store/settlement_record.hpp"
#include "twins/estimation.hpp"
#include "twins/rules.hpp"
#include "twins/settlement_calendar.hpp"
#include "twins/settlement_inputs.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// A half hour for which something was received that never stood: rejected or quarantined.
struct refused_half_hour {
  std::uint64_t mpan = 0;
  gridtwin::quantity quantity = quantity::active_import;
  gridtwin::period period;
  gridtwin::verdict verdict = verdict::unparseable;
  auto operator<=>(const refused_half_hour&) const = default;
};

/// What a settlement run is computed from: the same for every transformer, read by any number of threads.
struct settlement_job {
  civil_date date;             ///< local settlement date
  std::int64_t known_at_s = 0; ///< what became known later does not count
  const gridtwin::estate* estate = nullptr;
  const gridtwin::topology* topology = nullptr;
  const settlement_inputs* inputs = nullptr;
  const estimation_settings* estimation = nullptr;
  const working_days* holidays = nullptr;
  const shape_book* shapes = nullptr;
  std::string shape_version; ///< in hex
  rule_limits limits;
  std::vector<refused_half_hour> refused; ///< sorted
  /// Rows of the meters that have several, by MPAN, in order of time.
  std::unordered_map<std::uint64_t, std::vector<connection_index>> rows_of_several;
  /// The run before, if there was one.
  std::optional<recorded_settlement> previous;
  /// Days as the run before had them, where something has been added since that counts as known at its gate.
  std::optional<earlier_days> previous_days;

  /// The periods of the date in order.
  std::vector<period> periods() const;
  /// What something of the meter's half hour was refused for, if it was.
  std::optional<verdict> refusal_of(mpan meter, quantity q, period p) const noexcept;
  /// The rows of a meter, given one of them.
  std::vector<connection_index> rows_of(connection_index one) const;
};

/// Fills in `rows_of_several`.
void list_rows_of_several(settlement_job& job);

} // namespace gridtwin
