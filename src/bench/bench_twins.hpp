#pragma once

#include "src/bench/bench_estate.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace gridtwin {

/// Microseconds of a clock that never goes back, from any start.
using microsecond_clock = std::function<std::int64_t()>;

struct bench_twins_options {
  bench_estate_plan estate;
  std::uint32_t rounds = 11;
  std::size_t threads = 0; ///< 0: one a processor
  std::string path = "group";
  bool json = false;
};

int run_bench_twins(const bench_twins_options& options, const microsecond_clock& now);

} // namespace gridtwin
