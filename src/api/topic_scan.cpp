#include "src/api/topic_scan.hpp"

#include "src/store/journal_begin.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

namespace gridtwin {

namespace {

/// Readings of a shard that are decoded at a time, in whole records.
constexpr std::size_t readings_at_once = 1024;

std::vector<std::uint32_t> shards_in_turn(const event_position& position, std::optional<std::uint32_t> only) {
  if (only)
    return {*only};
  std::vector<std::uint32_t> out(shard_count);
  std::iota(out.begin(), out.end(), 0U);
  std::stable_sort(out.begin(), out.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return position.at(a).offset < position.at(b).offset; });
  return out;
}

class scan {
public:
  scan(opened_store& store, const scan_limits& limits, const std::function<bool(const reading_event&)>& take)
    : store_(&store), limits_(&limits), take_(&take) {}

  /// Goes on in a shard until its end or a limit.
  result<void> shard(std::uint32_t number, event_position::in_shard& at) {
    for (;;) {
      if (is_full()) {
        full_ = true;
        return {};
      }
      const auto batch = store_->read(number, at.of_it == 0 ? at.offset : at.offset - 1, readings_at_once);
      if (!batch)
        return batch.failure();
      const bool at_end = (*batch)->at_end;
      if (!pass((*batch)->events, at))
        return {};
      if ((*batch)->last_offset >= at.offset)
        at = {(*batch)->last_offset, 0};
      if (at_end)
        return {};
    }
  }

  scan_outcome outcome() const noexcept { return {events_, !full_}; }
  bool full() const noexcept { return full_; }

private:
  bool is_full() const noexcept { return events_ >= limits_->events || looked_at_ >= limits_->readings; }

  /// False: a limit was met before the last of them.
  bool pass(const std::vector<reading_event>& events, event_position::in_shard& at) {
    const event_position::in_shard from = at;
    for (const reading_event& e : events) {
      if (from.of_it != 0 && e.record.offset() == from.offset && e.place < from.of_it)
        continue;
      if (is_full()) {
        full_ = true;
        at = e.place == 0 ? event_position::in_shard{e.record.offset() - 1, 0}
                          : event_position::in_shard{e.record.offset(), e.place};
        return false;
      }
      ++looked_at_;
      events_ += (*take_)(e) ? 1 : 0;
    }
    return true;
  }

  opened_store* store_;
  const scan_limits* limits_;
  const std::function<bool(const reading_event&)>* take_;
  std::size_t events_ = 0;
  std::size_t looked_at_ = 0;
  bool full_ = false;
};

} // namespace

result<scan_outcome> scan_readings(opened_store& store, event_position& position, const scan_limits& limits,
                                   const std::function<bool(const reading_event&)>& take) {
  scan run(store, limits, take);
  event_position reached = position;
  for (const std::uint32_t number : shards_in_turn(position, limits.shard)) {
    event_position::in_shard at = reached.at(number);
    if (auto went_on = run.shard(number, at); !went_on)
      return went_on.failure();
    reached.set(number, at);
    if (run.full())
      break;
  }
  position = reached;
  return run.outcome();
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
