#pragma once

#include "src/commands/terminal.hpp"

#include <cstdint>
#include <string>

namespace gridtwin {

/// `gridtwin sim estate`
struct sim_estate_options {
  std::uint64_t meters = 1000;
  std::string out; ///< folder, made where it is missing
  std::uint64_t seed = 1;
  bool json = false;
};

/// Writes a simulated estate. Returns the exit status; what went wrong is on standard error.
int run_sim_estate(const sim_estate_options& options, const millisecond_clock& now);

} // namespace gridtwin
