#pragma once

#include "src/bench/bench_estate.hpp"

namespace gridtwin {

struct bench_memory_options {
  bench_estate_plan estate;
  bool json = false;
};

/// Prints where each byte of a twin with an open day goes, and what the process takes in all.
int run_bench_memory(const bench_memory_options& options);

} // namespace gridtwin
