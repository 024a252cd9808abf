#include "src/load/load_follower.hpp"

namespace gridtwin {

namespace {

constexpr std::size_t followed_at_once = 20'000;

} // namespace

result<void> load_follower::read_on(bool counts) {
  for (std::uint32_t shard = 0; shard < shard_count; ++shard)
    for (bool at_end = false; !at_end;) {
      const auto batch = log_.topic().read(shard, after_[shard], followed_at_once);
      if (!batch)
        return batch.failure();
      const std::int64_t now = now_us_();
      if (counts)
        for (const reading_event& e : batch->events)
          note(e, now);
      after_[shard] = batch->last_offset;
      at_end = batch->at_end;
    }
  return {};
}

void load_follower::note(const reading_event& e, std::int64_t now_us) {
  for (const load_plan& plan : plans_)
    if (const auto number = plan.number_of(e.meter, e.reading.period)) {
      latency_.add(now_us - plan.due_us(*number));
      return;
    }
}

} // namespace gridtwin
