#pragma once

#include "sim/demand_model.hpp"
#include "sim/fault_plan.hpp"
#include "twins/estate.hpp"
#include "twins/mpan.hpp"

#include <cstdint>
#include <vector>

namespace gridtwin {

/// One quantity of one connection while its readings are generated.
struct reads_series {
  gridtwin::mpan mpan;
  customer who;
  period_range effective;
  std::uint32_t source_name = 0;
  feeder_index feeder;
  std::uint32_t chain = 0;       ///< position of the first series of this MPAN and quantity, which keeps `last_current`
  std::int32_t last_current = 0; ///< last period with a current value, 0 for none
  std::int32_t outage_end = 0;   ///< first period after the feeder's outage
  gridtwin::quantity quantity = gridtwin::quantity::active_import;
  bool whole_current = true;
};

/// Everything that is known of an estate before its readings are generated.
struct reads_series_table {
  std::vector<reads_series> series;       ///< by MPAN, range, quantity; of energised connections only
  std::vector<std::uint64_t> outage_keys; ///< by feeder; empty where there are no outages
  std::vector<std::uint64_t> known;       ///< sorted numbers by which a reading would find a meter; only if asked for
  std::uint64_t meters = 0;               ///< distinct MPANs
  std::uint8_t quantities = 0;            ///< bits by `mask_of`
};

/// Lays out the series of an estate. Outages that begin before `first` and last into the run are already noted.
reads_series_table make_series(const estate& source, std::uint64_t seed, const fault_plan& faults, period first,
                               bool with_known_numbers);

} // namespace gridtwin
