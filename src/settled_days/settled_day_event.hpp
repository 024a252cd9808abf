#pragma once

#include "src/settled_days/settled_run.hpp"
#include "src/store/journal.hpp"
#include "twins/codes.hpp"
#include "twins/estimation_settings.hpp"
#include "twins/mpan.hpp"
#include "twins/reading.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace gridtwin {

/// A half hour as a run of settlement settled it.
struct settled_value {
  gridtwin::content content;
  std::optional<estimation_method> method; ///< of the run's own estimate; nothing: as it was received
};

/// An event of the topic `settlement.day`: a quantity of a row of the estate on a settlement date, as a run settled it.
struct settled_day_event {
  record_id record;        ///< of the run
  std::uint32_t place = 0; ///< among the record's events
  std::shared_ptr<const settled_run> run;
  std::string_view transformer; ///< as long as `run`
  gridtwin::mpan mpan;
  gridtwin::quantity quantity = quantity::active_import;
  /// By place within the local date; nothing where the row's range does not hold the half hour.
  std::vector<std::optional<settled_value>> half_hours;
};

} // namespace gridtwin
