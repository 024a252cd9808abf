#pragma once

#include "actors/messages.hpp"
#include "actors/run_context.hpp"
#include "src/ingest/meter_index.hpp"
#include "src/ingest/source_list.hpp"
#include "src/replay/known_estate.hpp"
#include "src/replay/live_turn.hpp"
#include "src/replay/source_blocks.hpp"
#include "src/store/dead_letters.hpp"
#include "src/store/store_folder.hpp"
#include "twins/run_counts.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gridtwin {

/// What `replay` was asked for, checked and loaded.
struct replay_plan {
  std::shared_ptr<const gridtwin::estate> estate;
  std::shared_ptr<const estate_bytes> estate_files;
  std::shared_ptr<const meter_index> meters;
  appointed_ranges appointed; ///< of the estate's connections
  source_format format;
  std::vector<source> sources;
  std::vector<kept_letter> letters; ///< dead letters that are judged again, in the place of sources
  std::optional<live_turn> live;    ///< submissions, beside the sources
  std::string options_text;         ///< for the journal
  bool binds_rules = false;         ///< the options hold rules that the store has not bound yet
  known_time known;                 ///< of all that is read
  rule_limits limits;
  std::size_t threads = 1;
};

/// What came of it.
struct replay_outcome {
  struct loaded_transformer {
    transformer_index transformer;
    period peak;
    std::int64_t peak_wh = 0; ///< net import of the half hour
  };

  run_counts counts;
  supervision_tally supervision;
  std::optional<error> stopped_by;             ///< a file that broke off, a failed store, Ctrl-C
  std::vector<std::uint64_t> faults;           ///< by connection: refused, repeated, contradicted and missing
  std::vector<loaded_transformer> most_loaded; ///< of those that had readings, by share of their rating
};

/// How far a run is, for a progress line.
struct replay_progress {
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
  std::uint64_t readings = 0;         ///< durable
  bool finishing = false;             ///< all is read: days are being summarised
  const run_counts* counts = nullptr; ///< of what is durable; valid during the call
};

/// Reads sources through the twins into a store: decoded in parallel, sequenced in the order of the files, judged by
/// transformers in parallel, committed group by group. What is in flight is bounded at every step.
/// `finished` is called when all is durable. After a run that was not stopped its actors are left to the process.
/// Error: nothing was begun. An outcome that was stopped says why, and what is committed stays.
result<replay_outcome> run_replay(const replay_plan& plan, const store_folder& folder,
                                  const std::function<void(const replay_progress&)>& progress,
                                  const std::function<void(const known_estate&)>& finished);

} // namespace gridtwin
