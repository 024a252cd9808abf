#pragma once

#include "src/commands/terminal.hpp"

#include <cstdint>
#include <string>

namespace gridtwin {

/// `gridtwin sim reads`, as typed.
struct sim_reads_options {
  std::string estate; ///< folder
  std::string from;   ///< UTC date
  std::int32_t days = 1;
  std::uint64_t seed = 1;
  std::string out;    ///< file, or `-` for standard output
  std::string faults; ///< `gap=0.01,...`
  std::string truth;  ///< file, empty for none
  std::string order = "time";
  bool json = false;
};

/// Writes simulated readings of an estate. Returns the exit status; what went wrong is on standard error.
int run_sim_reads(const sim_reads_options& options, const millisecond_clock& now);

} // namespace gridtwin
