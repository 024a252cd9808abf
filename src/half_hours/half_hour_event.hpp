#pragma once

#include "src/store/journal.hpp"
#include "twins/load.hpp"
#include "twins/period.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace gridtwin {

/// Where nothing can be worked out of anybody.
inline constexpr std::uint32_t of_nobody = std::numeric_limits<std::uint32_t>::max();

/// What was known of a half hour of a feeder or transformer once a record of the journal was added, by the estate and
/// the rules of the record's run.
struct half_hour_event {
  record_id record;        ///< that it follows from: shard and offset
  std::uint32_t place = 0; ///< among the topic's events of the record, from 0
  std::string transformer;
  std::optional<std::string> feeder; ///< nothing: of the transformer
  gridtwin::period period;
  half_hour_load load;         ///< of a transformer: of its feeders that are believed; the revision of all
  std::uint32_t expected = 0;  ///< meters that should report
  std::int64_t known_at_s = 0; ///< when the record's readings of the half hour became known
  std::string estate;          ///< `topology_change::hash` of the estate it goes by
  std::uint32_t rules_version = 0;
  /// Of how many meters at least something can be worked out from the figure and those that could be told before it
  /// (`figure_release`); `of_nobody`: of none.
  std::uint32_t import_contributors = 0;
  std::uint32_t export_contributors = 0;

  // Of a feeder.
  std::optional<std::int64_t> exceeded_limit_wh; ///< the half hour is quarantined

  // Of a transformer.
  std::uint32_t feeders_quarantined = 0; ///< whose energy and meters are left out
  std::int64_t rating_va = 0;
  std::int64_t power_factor_ppm = 0;
};

} // namespace gridtwin
