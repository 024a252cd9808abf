#pragma once

#include "src/bench/bench_twins.hpp"

#include <cstdint>

namespace gridtwin {

struct bench_rules_options {
  std::uint32_t rounds = 11;
  bool json = false;
};

/// Prints what each rule of the table takes on a reading that passes it, alone and in its chain.
int run_bench_rules(const bench_rules_options& options, const microsecond_clock& now);

} // namespace gridtwin
