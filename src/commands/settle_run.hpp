#pragma once

#include "src/commands/settle_files.hpp"
#include "src/commands/settlement_options.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace gridtwin {

/// What `settle` was asked for, checked.
struct settle_plan {
  run_code run = run_code::ii;
  civil_date date;                   ///< local settlement date
  std::optional<std::int64_t> as_of; ///< what became known later does not count, whatever the timetable
  std::filesystem::path store;
  std::filesystem::path out;
  std::size_t threads = 1;
};

/// What a run came to. All but `recorded` follows from what was known at the gate.
struct settle_outcome {
  std::string timetable;
  std::optional<civil_date> run_date; ///< none: no timetable has the run
  std::optional<std::int64_t> gate_at_s;
  std::int64_t known_at_s = 0; ///< the last second that counted
  bool provisional = false;    ///< the gate was still ahead: the run is not recorded
  bool recorded = false;       ///< now; false: provisional, or recorded before as it is
  settlement_totals totals;
  std::uint64_t work_items = 0;
  digest inputs{};
  digest outputs{};
  digest shapes{};
  std::optional<recorded_settlement> previous; ///< without its estimates
  std::vector<settlement_files::written_file> files;
};

/// Settles, writes the tables into `out` and records the run. `progress` gets transformers done and all.
result<settle_outcome> run_settlement(const settle_plan& plan, const settlement_basis& basis,
                                      const std::function<void(std::uint64_t, std::uint64_t)>& progress);

} // namespace gridtwin
