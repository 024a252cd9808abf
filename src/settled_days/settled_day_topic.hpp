#pragma once

#include "src/settled_days/settled_day_event.hpp"
#include "src/settled_days/settled_run.hpp"
#include "src/store/earlier_days.hpp"
#include "src/store/reading_moves.hpp"
#include "src/store/store_reader.hpp"
#include "src/store/topology.hpp"
#include "twins/meter_twin.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

/// The topic `settlement.day`, in the estate's shard, from anywhere on, also within a record: for each recorded run of
/// settlement what it settled. A function of the journal and the runs that the store keeps: an event never changes,
/// whatever comes later. Sees what is durable. One thread at a time.
class settled_day_topic {
public:
  /// Events that are derived at a time, in whole transformers.
  static constexpr std::size_t events_at_once = 256;

  /// `reader` outlives it, and is where it was between two calls. `runs`: of the store.
  settled_day_topic(store_reader& reader, std::shared_ptr<settled_runs> runs)
    : reader_(&reader), runs_(std::move(runs)) {}

  struct batch {
    std::vector<settled_day_event> events; ///< of one record; those of its first transformer may begin before
    std::int64_t last_offset = 0;          ///< go on behind it; also where the records that were passed are no runs
    std::uint32_t of_it = 0;               ///< with the last offset, so many of its events; 0: all
    bool at_end = false;                   ///< nothing more is durable now
  };
  /// Goes on behind a record of the shard, or in it where `of_it` of its events were read.
  result<batch> read(std::int64_t after, std::uint32_t of_it);

private:
  /// What had been added when a run was held and was known at its gate.
  struct run_cut {
    record_id record;
    std::int64_t newest_replay = 0; ///< that was looked at
    std::optional<earlier_days> days;
  };

  result<batch> derive(std::int64_t after, std::uint32_t of_it);
  result<void> learn_places();
  result<void> learn_cut(const settled_run& run);
  result<void> append(const std::shared_ptr<const settled_run>& run, transformer_index t,
                      std::vector<settled_day_event>& out);
  result<std::unordered_map<std::uint64_t, meter_twin>> read_meters(const settled_run& run, transformer_index t,
                                                                    const std::vector<settled_run::series>& series);

  store_reader* reader_;
  std::shared_ptr<settled_runs> runs_;
  std::int64_t estates_known_ = 0; ///< that had been bound when the three below were read
  reading_moves moves_;
  std::unordered_map<std::uint32_t, named_slots> slots_;          ///< by the transformer's number
  std::unordered_map<std::string, transformer_number> number_of_; ///< by the transformer's name
  std::optional<run_cut> cut_;
};

} // namespace gridtwin
