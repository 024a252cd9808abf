#include "src/api/topic_scan.hpp"

#include "src/store/journal_begin.hpp"

#include <algorithm>
#include <numeric>

namespace gridtwin {

namespace {

/// Readings of a shard that are decoded at a time, in whole records.
constexpr std::size_t readings_at_once = 1024;

} // namespace

std::vector<std::uint32_t> shards_in_turn(const event_position& position, std::optional<std::uint32_t> only) {
  if (only)
    return {*only};
  std::vector<std::uint32_t> out(shard_count);
  std::iota(out.begin(), out.end(), 0U);
  std::stable_sort(out.begin(), out.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return position.at(a).offset < position.at(b).offset; });
  return out;
}

result<scan_outcome> scan_readings(opened_store& store, event_position& position, const scan_limits& limits,
                                   const std::function<std::size_t(const reading_event&)>& take) {
  const auto fetch = [&](std::uint32_t shard, std::int64_t after) -> result<event_batch<reading_event>> {
    const auto batch = store.read(shard, after, readings_at_once);
    if (!batch)
      return batch.failure();
    return event_batch<reading_event>{&(*batch)->events, (*batch)->last_offset, (*batch)->at_end};
  };
  return scan_events<reading_event>(position, limits, fetch, take);
}

result<bool> is_durable(opened_store& store, const event_position& position) {
  const auto last = last_offsets(store.database());
  if (!last)
    return last.failure();
  for (std::uint32_t shard = 0; shard < shard_count; ++shard)
    if (position.at(shard).offset > (*last)[shard])
      return false;
  return true;
}

result<event_position> position_before(opened_store& store, std::int64_t known_s) {
  const auto offsets = offsets_before(store.database(), known_s);
  if (!offsets)
    return offsets.failure();
  event_position out;
  for (std::uint32_t shard = 0; shard < shard_count; ++shard)
    out.set(shard, {(*offsets)[shard], 0});
  return out;
}

} // namespace gridtwin
