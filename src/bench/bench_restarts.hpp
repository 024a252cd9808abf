#pragma once

#include "src/bench/bench_estate.hpp"
#include "src/bench/bench_twins.hpp"

#include <cstddef>
#include <cstdint>

namespace gridtwin {

struct bench_restarts_options {
  bench_estate_plan estate{.meters = 100'000};
  std::uint32_t kills = 0; ///< at once; 0: all
  std::uint64_t restarts = 1'000'000;
  int half_hours = 48;     ///< that a twin is rebuilt with
  std::size_t threads = 0; ///< 0: one a processor
  bool json = false;
};

int run_bench_restarts(const bench_restarts_options& options, const microsecond_clock& now);

} // namespace gridtwin
