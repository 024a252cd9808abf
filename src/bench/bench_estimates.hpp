#pragma once

#include <cstdint>
#include <string>

namespace gridtwin {

struct bench_estimates_options {
  std::string store;
  std::uint32_t count = 20'000; ///< half hours that are held back, in each of two trials
  std::uint64_t seed = 1;
  bool json = false;
};

/// Prints how far estimates of a store's own half hours are off, by method: half hours held back one by one at random,
/// and by whole local dates.
int run_bench_estimates(const bench_estimates_options& options);

} // namespace gridtwin
