#pragma once

#include "src/store/commit.hpp"
#include "src/store/journal.hpp"
#include "src/store/store_writer.hpp"
#include "supervision/supervision_counters.hpp"
#include "twins/reading_batch.hpp"
#include "twins/result.hpp"
#include "twins/run_counts.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace gridtwin {

/// What a transformer made of its readings of a group: what it adds to the store, and what became of each. Of whole
/// cache lines, for neighbours in a group are filled in by different threads.
struct alignas(64) assessed_part {
  transformer_commit commit;
  run_counts counts;
  supervision_counters supervision;     ///< of its twins
  std::vector<connection_index> parked; ///< whose twins were parked, ascending
  std::vector<feeder_index> escalated;  ///< feeders with more of them than chance explains
  std::optional<error> failure;         ///< the store could not be read
};

/// Batches that are assessed and committed together, and what comes of them. The readings are for all to see. Each
/// transformer that has some of them fills in a part, which nobody else touches until all parts are finished; whoever
/// finishes the last one hands the group on. So no part needs a message or memory of its own.
class reading_group {
public:
  /// `rejects`: what never reached a transformer.
  reading_group(std::uint64_t number, std::vector<reading_batch> batches, std::vector<kept_reject> rejects);

  std::uint64_t number() const noexcept { return number_; }
  std::span<const reading_batch> batches() const noexcept { return batches_; }
  /// Those that have readings of the group, ascending.
  std::span<const transformer_index> transformers() const noexcept { return transformers_; }

  /// The part of one of `transformers()`, to be filled in by it alone.
  assessed_part& part_of(transformer_index t) noexcept;
  /// Says that a part is filled in, once for each. True: it was the last one; the group is the caller's to pass on.
  bool finish(const assessed_part& part) noexcept {
    finished_[static_cast<std::size_t>(&part - parts_.data())] = 1;
    return unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }
  /// Whether one of `transformers()` has filled in its part, also when the parts have been taken. To be asked by
  /// whoever knows that it does nothing any more.
  bool finished(transformer_index t) const noexcept { return finished_[position_of(t)] != 0; }

  /// When every part is finished: in the order of `transformers()`.
  std::vector<assessed_part> take_parts() noexcept { return std::move(parts_); }
  std::vector<kept_reject> take_rejects() noexcept { return std::move(rejects_); }

  /// Sources of its batches that the store does not know yet.
  void name_sources(std::vector<named_source> sources) noexcept { sources_ = std::move(sources); }
  std::vector<named_source> take_sources() noexcept { return std::move(sources_); }

  /// Has the verdict on each reading kept, for somebody waits for it. To be asked before the group is judged.
  void keep_verdicts();
  bool keeps_verdicts() const noexcept { return !verdicts_.empty(); }
  /// By reading of one of `batches()`; empty where they are not kept. A transformer changes those of its readings
  /// alone; what is usual is there from the beginning.
  std::span<verdict> verdicts_of(const reading_batch& batch) noexcept;
  /// Where a transformer's readings stand in the journal, when the group is durable; 0: it added nothing.
  struct place {
    transformer_number transformer;
    record_id record;
  };
  void put_places(std::vector<place> places) noexcept { places_ = std::move(places); }
  /// Ascending; those that added something.
  std::span<const place> places() const noexcept { return places_; }

private:
  std::size_t position_of(transformer_index t) const noexcept;

  std::uint64_t number_;
  std::vector<reading_batch> batches_;
  std::vector<kept_reject> rejects_;
  std::vector<transformer_index> transformers_;
  std::vector<assessed_part> parts_;
  std::vector<named_source> sources_;
  std::vector<std::vector<verdict>> verdicts_; ///< by batch
  std::vector<place> places_;
  std::vector<std::uint8_t> finished_; ///< by part; each is written by the part's transformer alone
  std::atomic<std::size_t> unfinished_;
};

} // namespace gridtwin
