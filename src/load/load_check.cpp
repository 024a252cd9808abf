#include "src/load/load_check.hpp"

#include "src/store/journal.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

constexpr std::size_t checked_at_once = 100'000;

/// The answer to a reading; nothing where it has none.
const wire_answer* answer_to(const answered_load& load, std::uint64_t number) {
  auto after = std::upper_bound(load.stretches.begin(), load.stretches.end(), number,
                                [](std::uint64_t n, const answered_stretch& s) { return n < s.first; });
  if (after == load.stretches.begin())
    return nullptr;
  const answered_stretch& s = *--after;
  return number < s.first + s.count ? &s.answer : nullptr;
}

} // namespace

load_checker::load_checker(std::span<const answered_load> loads) : loads_(loads) {
  for (const answered_load& load : loads)
    seen_.emplace_back(load.plan->readings());
}

void load_checker::see(const reading_event& e) {
  for (std::size_t i = 0; i < loads_.size(); ++i)
    if (const auto number = loads_[i].plan->number_of(e.meter, e.reading.period))
      return see(e, i, *number);
}

void load_checker::see(const reading_event& e, std::size_t load, std::uint64_t number) {
  ++findings_.found;
  const submitted_reading sent = loads_[load].plan->reading(number);
  if (e.reading.quantity != sent.quantity || e.reading.version != sent.version
      || !(e.reading.content == sent.content)) {
    ++findings_.different;
    return;
  }
  if (seen_[load][number])
    ++findings_.twice;
  seen_[load][number] = true;
  const wire_answer* const answer = answer_to(loads_[load], number);
  if (answer == nullptr)
    return;
  if (answer->outcome == wire_outcome::accepted) {
    if (record_id::of(answer->shard, answer->offset) != e.record)
      ++findings_.misplaced;
  } else if (answer->outcome != wire_outcome::duplicate && answer->outcome != wire_outcome::conflict) {
    ++findings_.unasked;
  }
}

load_findings load_checker::end() {
  for (std::size_t i = 0; i < loads_.size(); ++i)
    for (const answered_stretch& s : loads_[i].stretches) {
      const wire_outcome o = s.answer.outcome;
      if (o == wire_outcome::accepted)
        findings_.accepted += s.count;
      if (o != wire_outcome::accepted && o != wire_outcome::duplicate)
        continue;
      const auto begin = seen_[i].begin() + static_cast<std::ptrdiff_t>(s.first);
      findings_.missing +=
        static_cast<std::uint64_t>(std::count(begin, begin + static_cast<std::ptrdiff_t>(s.count), false));
    }
  return findings_;
}

result<load_findings> check_load(reading_topic& log, std::span<const answered_load> loads) {
  load_checker checker(loads);
  for (std::uint32_t shard = 0; shard < shard_count; ++shard)
    for (std::int64_t after = 0;;) {
      const auto batch = log.read(shard, after, checked_at_once);
      if (!batch)
        return batch.failure();
      for (const reading_event& e : batch->events)
        checker.see(e);
      after = batch->last_offset;
      if (batch->at_end)
        break;
    }
  return checker.end();
}

} // namespace gridtwin
