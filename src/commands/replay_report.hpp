#pragma once

#include "src/commands/store_view.hpp"
#include "src/replay/replay_run.hpp"
#include "twins/hash.hpp"
#include "twins/load.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace gridtwin {

/// What a store holds.
struct store_totals {
  std::uint64_t gaps = 0;
  std::uint64_t gap_periods = 0;
  std::size_t meters = 0;
  std::size_t feeders = 0;
  std::size_t transformers = 0;
  std::size_t days = 0;
  gridtwin::digest digest{};
};

result<store_totals> read_store_totals(store_view& store);

/// One JSON object with a line end, as the contract has it.
std::string replay_json(const replay_plan& plan, const replay_outcome& outcome, const store_totals& after,
                        std::int64_t elapsed_ms);

/// A line for each feeder that escalated: which, how many of its twins were parked in the run, what to do. Empty where
/// none did.
std::string escalation_text(const estate& e, const supervision_tally& t, const std::string& store_name);

/// One screen for a person.
std::string replay_text(const replay_plan& plan, const replay_outcome& outcome, const store_totals& after,
                        std::int64_t elapsed_ms, store_view& store, const std::string& store_name);

} // namespace gridtwin
