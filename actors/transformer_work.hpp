#pragma once

#include "actors/transformer.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace gridtwin {

/// What grows while a transformer judges its part of a group.
struct transformer_state::work {
  assessed_part* out = nullptr;
  reading_group* owner = nullptr; ///< nothing: a reading by itself
  std::uint64_t group = 0;        ///< its number
  std::span<const reading_batch> batches;
  bool opened = false; ///< what the store has of the group's days was asked for
  std::int64_t days_opened = 0;
  /// The half hour at hand.
  gridtwin::period period{std::numeric_limits<std::int32_t>::min()};
  utc_day day = no_day;
  int slot = 0;
  open_days::day_state* state = nullptr;
  std::vector<day_load>* loads = nullptr; ///< if they are not in memory, asked for with the first change
};

/// Calls `f(batch, first, end)` for the transformer's readings in each batch, while that is good.
template <class F>
result<void> for_each_slice(std::span<const reading_batch> batches, transformer_index t, F&& f) {
  for (const reading_batch& batch : batches) {
    const auto slice =
      std::lower_bound(batch.slices.begin(), batch.slices.end(), t,
                       [](const reading_batch::slice& s, transformer_index wanted) { return s.transformer < wanted; });
    if (slice == batch.slices.end() || slice->transformer != t)
      continue;
    const std::size_t end = slice + 1 == batch.slices.end() ? batch.readings.size() : (slice + 1)->first;
    if (auto done = f(batch, slice->first, static_cast<std::uint32_t>(end)); !done)
      return done;
  }
  return {};
}

} // namespace gridtwin
