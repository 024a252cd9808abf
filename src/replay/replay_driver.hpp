#pragma once

#include "actors/run_context.hpp"
#include "src/gate/submission_intake.hpp"
#include "src/replay/readings_sequencer.hpp"
#include "src/replay/replay_run.hpp"
#include "src/replay/run_decoders.hpp"
#include "src/replay/run_transformers.hpp"
#include "src/replay/source_blocks.hpp"
#include "src/store/store_writer.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace gridtwin {

/// The store's numbers of a plan's sources.
std::vector<std::uint32_t> source_numbers(const replay_plan& plan, const store_writer& store);

/// Feeds the run: reads sources, hands blocks to decoders and groups to transformers, waits for what is durable. Runs
/// in the caller's thread.
class replay_driver {
public:
  using progress_function = std::function<void(const replay_progress&)>;

  replay_driver(const replay_plan& plan, stored_days_list stored, std::shared_ptr<run_context> run,
                const std::shared_ptr<store_writer>& store, caf::actor_system& system,
                run_transformers::reload_function reload, const progress_function& progress);
  ~replay_driver();
  replay_driver(const replay_driver&) = delete;
  replay_driver& operator=(const replay_driver&) = delete;

  replay_outcome drive();

private:
  void read_ahead();
  void wait(std::optional<std::chrono::milliseconds> most = std::nullopt);
  void dispatch(std::vector<reading_batch> batches, std::size_t readings);
  void dispatch_gathered();
  void dispatch_letters();
  void take_readings();
  void dispatch_submissions();
  void dispatch_acts();
  void release_when_full();
  void summarise();
  void note(const transformer_report& report);
  void ended(const caf::down_msg& down);
  void stop(error reason);
  void give_up(error reason);
  bool stopped_by_user();
  void show_progress(bool finishing);

  const replay_plan& plan_;
  std::shared_ptr<run_context> run_;
  caf::actor_system& system_;
  caf::scoped_actor self_;
  const progress_function& progress_;
  std::shared_ptr<const meter_index> meters_;
  source_blocks blocks_;
  readings_sequencer sequencer_;
  run_decoders decoders_;
  caf::actor writer_;
  run_transformers transformers_;
  std::optional<submission_intake> intake_;
  std::int64_t open_days_limit_ = 0;
  std::map<std::uint64_t, std::size_t> readings_of_; ///< of the groups in flight, by number
  std::size_t readings_out_ = 0;                     ///< of all of them
  std::uint64_t groups_sent_ = 0;
  std::uint64_t groups_done_ = 0;
  std::uint64_t last_release_ = 0;
  std::size_t summaries_out_ = 0;   ///< transformers that have been asked and have not finished
  std::size_t days_summarised_ = 0; ///< by those that have; one without any counts as a day
  bool summaries_durable_ = false;
  std::size_t acts_out_ = 0; ///< lists of audit events that the writer has
  bool store_failed_ = false;
  replay_outcome outcome_;
};

} // namespace gridtwin
