#pragma once

#include "src/ingest/clock_change_resolver.hpp"
#include "src/ingest/meter_index.hpp"
#include "src/replay/block_decoder.hpp"
#include "src/store/commit.hpp"
#include "twins/bounds.hpp"
#include "twins/reading_batch.hpp"
#include "twins/run_counts.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace gridtwin {

/// Puts decoded blocks back into the order of their sources, settles local times that occur twice, numbers lines, and
/// gathers batches into groups.
class readings_sequencer {
public:
  /// `source_numbers`: the store's number of each source of the run.
  readings_sequencer(std::shared_ptr<const meter_index> meters, std::vector<std::uint32_t> source_numbers)
    : meters_(std::move(meters)), source_numbers_(std::move(source_numbers)) {}

  /// Takes a block; blocks may come in any order.
  void add(decoded_text&& block);
  /// No block is missing any more: lets go of what waited for a later row.
  void finish();

  /// Blocks that wait for one before them.
  std::size_t waiting() const noexcept { return waiting_.size(); }
  /// Readings and rejects gathered.
  std::size_t size() const noexcept { return size_; }
  bool group_full() const noexcept { return size_ >= bounds::readings_in_group(groups_); }
  std::vector<reading_batch> take_group();

private:
  void sequence(decoded_text&& block);
  void gather(std::vector<reading_batch>&& batches);

  std::shared_ptr<const meter_index> meters_;
  std::vector<std::uint32_t> source_numbers_;
  std::map<std::uint64_t, decoded_text> waiting_;
  std::uint64_t next_ = 0;
  std::optional<clock_change_resolver> resolver_; ///< of the source at hand
  std::size_t source_ = 0;
  std::vector<reading_batch> group_;
  std::size_t size_ = 0;
  std::uint64_t groups_ = 1; ///< begun
};

/// What never reached a twin, as it is kept; counted in `counts` and, where its meter is known, in `faults` (by
/// connection).
std::vector<kept_reject> keep_early_rejects(const std::vector<reading_batch>& batches, const meter_index& meters,
                                            run_counts& counts, std::vector<std::uint64_t>& faults);

} // namespace gridtwin
