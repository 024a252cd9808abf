#pragma once

#include "src/store/day_source.hpp"
#include "src/store/topology.hpp"
#include "supervision/restart_policy.hpp"
#include "twins/appointments.hpp"
#include "twins/day_tree.hpp"
#include "twins/meter_twin.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

namespace gridtwin {

/// What all transformers of a run share. The atomics are written by the one actor that is named with each.
struct run_context {
  using assess_function = assessment (*)(meter_twin&, const reading&, const connection&, const rule_limits&);

  std::shared_ptr<const gridtwin::estate> estate;
  std::shared_ptr<const gridtwin::topology> topology;
  std::vector<mpan> meters_across; ///< see `meters_across_transformers`
  rule_limits limits;
  appointed_ranges appointed; ///< of the estate's connections
  estate_key key{};
  std::uint32_t run = 1;
  known_time known;           ///< when what the run reads became known
  day_source* days = nullptr; ///< outlives every actor of the run
  restart_policy twin_restarts;
  /// Instead of `meter_twin::assess`: tests give one that fails.
  assess_function assess = nullptr;
  /// What is judged is encoded for the store; without, it is folded, counted, and kept in memory alone.
  bool stores = true;

  /// Groups of batches up to this one are durable. Written by the commit writer.
  std::atomic<std::uint64_t> committed_group{0};
  /// Days of meters held in memory by all transformers. Written by each of them.
  std::atomic<std::int64_t> open_days{0};
};

} // namespace gridtwin
