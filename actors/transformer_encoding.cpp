#include "actors/held_day.hpp"
#include "actors/transformer_work.hpp"
#include "src/store/bytes.hpp"

#include <utility>

namespace gridtwin {

result<void> transformer_state::encode(work& w) {
  if (additions_->empty())
    return {};
  result<void> done;
  additions_->for_each_day([&](utc_day day, std::span<const group_additions::row> rows) {
    if (!done)
      return;
    if (auto encoded = encode_day(day, rows))
      w.out->commit.days.push_back(std::move(*encoded));
    else
      done = encoded.failure();
  });
  w.out->commit.journal_section = pack(encode_section(additions_->arrived(), options_.run->topology->slot_of));
  return done;
}

result<day_commit> transformer_state::encode_day(utc_day which, std::span<const group_additions::row> rows) {
  day_commit out;
  out.day = which;
  open_days::day_state& day = days_->days()[which];
  auto loads = days_->loads(which);
  if (!loads)
    return loads.failure();
  std::vector<feeder_day_load> named;
  for (std::uint32_t i = 0; i < feeders_.count; ++i)
    named.push_back({options_.run->estate->feeders[feeders_.first + i].id, (**loads)[i]});
  day.touched = true;
  day.added.resize(connections_.count);
  for (const group_additions::row& r : rows)
    day.added[r.place] = true;
  out.loads = pack(encode_loads(named));
  out.contradicted = day.contradicted;
  if (day.read_again && !day.other_known && day.fragments + 1 >= open_days::merge_at) {
    if (auto merged = merge_fragments(out, day); !merged)
      return merged.failure();
    return out;
  }
  ++day.fragments;
  out.added = pack(additions_->fragment(which, rows, *twins_));
  return out;
}

/// A day that is read again and again is written as one fragment for earlier runs and one for this.
result<void> transformer_state::merge_fragments(day_commit& out, open_days::day_state& day) {
  if (auto opened = days_->open_all(out.day, *twins_); !opened)
    return opened.failure();
  const std::span slots(options_.run->topology->slot_of);
  out.merge = true;
  day.fragments = 0;
  for (const bool of_this_run : {false, true}) {
    const std::string part = encode_held_day(*twins_, slots.subspan(connections_.first, connections_.count), out.day,
                                             of_this_run ? held_part::of_this_run : held_part::of_earlier_runs);
    if (part.empty())
      continue;
    (of_this_run ? out.this_run : out.earlier) = pack(part);
    ++day.fragments;
  }
  return {};
}

} // namespace gridtwin
