#pragma once

#include "actors/run_context.hpp"

#include <cstdint>
#include <memory>

namespace gridtwin {

/// An estate to measure on: feeders and transformers of one size each, in memory, never written.
struct bench_estate_plan {
  std::uint32_t meters = 1'000'000;
  std::uint32_t meters_a_feeder = 50;
  std::uint32_t meters_a_transformer = 200; ///< a multiple of the above
  bool exports = false;                     ///< every meter exports, too
};

std::shared_ptr<const estate> make_bench_estate(const bench_estate_plan& plan);

/// What its transformers share, for a run that stores nothing. All rules are on, as in a replay.
std::shared_ptr<run_context> make_bench_run(std::shared_ptr<const estate> of);

} // namespace gridtwin
