#pragma once

#include "actors/run_context.hpp"
#include "src/commands/readings_sequencer.hpp"
#include "src/commands/replay_run.hpp"
#include "src/commands/source_blocks.hpp"
#include "src/store/store_writer.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace gridtwin {

/// Days that the store has, by transformer, when the run begins.
struct stored_days_list {
  std::vector<std::vector<utc_day>> all;
  std::vector<std::vector<utc_day>> unsummarised;
};

/// Feeds the run: reads sources, hands blocks to decoders and groups to transformers, waits for what is durable. Runs
/// in the caller's thread.
class replay_driver {
public:
  using progress_function = std::function<void(const replay_progress&)>;

  replay_driver(const replay_plan& plan, stored_days_list stored, std::shared_ptr<run_context> run,
                const std::shared_ptr<store_writer>& store, caf::actor_system& system,
                const progress_function& progress);
  ~replay_driver();
  replay_driver(const replay_driver&) = delete;
  replay_driver& operator=(const replay_driver&) = delete;

  replay_outcome drive();

private:
  void read_ahead();
  void wait();
  void dispatch();
  void release_when_full();
  void summarise();
  void note(const transformer_report& report);
  const caf::actor& transformer_at(std::uint32_t index);
  void stop(error reason);
  void show_progress(bool finishing);

  const replay_plan& plan_;
  stored_days_list stored_;
  std::shared_ptr<run_context> run_;
  caf::actor_system& system_;
  caf::scoped_actor self_;
  const progress_function& progress_;
  std::shared_ptr<const meter_index> meters_;
  source_blocks blocks_;
  readings_sequencer sequencer_;
  std::vector<caf::actor> decoders_;
  std::vector<caf::actor> transformers_;
  caf::actor writer_;
  std::int64_t open_days_limit_ = 0;
  struct group_in_flight {
    std::vector<transformer_index> touched;
    std::size_t readings = 0;
  };
  std::map<std::uint64_t, group_in_flight> in_flight_; ///< by number
  std::size_t readings_out_ = 0;                       ///< of the groups in flight

  std::size_t blocks_out_ = 0; ///< being decoded
  std::uint64_t groups_sent_ = 0;
  std::uint64_t groups_done_ = 0;
  std::uint64_t last_release_ = 0;
  std::size_t summaries_out_ = 0;
  bool summaries_durable_ = false;
  bool store_failed_ = false;
  replay_outcome outcome_;
};

} // namespace gridtwin
