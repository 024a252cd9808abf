#pragma once

#include "src/commands/store_view.hpp"
#include "src/store/dead_letters.hpp"
#include "twins/load.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gridtwin {

/// A reading of a half hour, as the journal has it.
struct received_reading {
  stored_reading reading;
  std::string source;
  std::uint32_t run = 0;
  std::int64_t known_s = 0;  ///< when it became known, seconds since the epoch
  bool contradicted = false; ///< another content has the same key: none of them stands
  bool current = false;      ///< what stands for the half hour
};

/// An input for the half hour that was refused.
struct refused_input {
  std::string source;
  std::uint64_t line = 0;
  std::string code;
  std::string detail;
};

/// All that a store knows of one half hour of a meter: what came for it, what became of that, the sums it is in.
struct half_hour_lineage {
  connection_index connection;
  gridtwin::period period;
  gridtwin::quantity quantity = quantity::active_import;
  std::vector<received_reading> received; ///< in order of arrival
  std::vector<refused_input> refused;     ///< by source and line
  std::vector<kept_letter> letters;       ///< dead letters, whatever their state
  half_hour_load feeder;
  half_hour_load transformer;
  std::optional<day_node> root; ///< of the day and quantity
};

/// Quality and reasons, as they are told: what else two contents of one half hour may differ by than their value.
std::string quality_text(const content& c);

/// Error: usage where the estate has no such meter in that half hour.
result<half_hour_lineage> trace_half_hour(store_view& view, mpan meter, period p, quantity q);

} // namespace gridtwin
