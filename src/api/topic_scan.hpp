#pragma once

#include "src/api/event_position.hpp"
#include "src/api/store_pool.hpp"
#include "src/store/reading_scan.hpp"
#include "src/store/reading_topic.hpp"
#include "twins/result.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

namespace gridtwin {

struct scan_limits {
  std::optional<std::uint32_t> shard;    ///< only this one
  std::size_t events = 0;                ///< that are taken
  std::size_t looked_at = 0;             ///< events, whether or not they are taken, and what was gone through for them
  std::optional<event_position> until{}; ///< nothing behind it; reached, it is the end
  std::size_t bytes = std::numeric_limits<std::size_t>::max(); ///< with the event by which so many are reached it ends
};

struct scan_outcome {
  std::size_t events = 0;    ///< taken
  std::size_t looked_at = 0; ///< as it counts against the limit
  bool at_end = false;       ///< nothing more is durable now
};

/// The events of records behind an offset of a shard, the last of which may go on. An event has its `record`, and its
/// `place` in it.
template <class Event>
struct event_batch {
  const std::vector<Event>* events = nullptr; ///< until the next one is asked for
  std::int64_t last_offset = 0;               ///< of the records that were passed
  bool at_end = false;                        ///< nothing more is durable now
  std::uint32_t of_it = 0;                    ///< of the last record's events, so many; 0: all
  /// Where events are derived from readings: the records that were passed, ascending. Each counts as one more than it
  /// has readings, so that a record without an event costs what it took. Without: a record counts as one.
  const std::vector<passed_record>* passed = nullptr;
};

/// The shards in the order in which they are read from a position.
std::vector<std::uint32_t> shards_in_turn(const event_position& position, std::optional<std::uint32_t> only);

/// Goes on behind a position and moves it, as `scan_readings` says. `fetch(shard, after)` gives a
/// `result<event_batch<Event>>`, which may begin with records before; or `fetch(shard, place in it)`, where a record is
/// given in parts.
template <class Event, class Fetch, class Take>
result<scan_outcome> scan_events(event_position& position, const scan_limits& limits, const Fetch& fetch,
                                 const Take& take);

/// Goes on behind a position and moves it, also where nothing was taken: shard by shard, the one that is least far
/// first, so that none waits for another; the events of a shard in their order, none twice, none left out. `take` says
/// how many bytes the event took; one of 0 was not taken, and is passed all the same. Only what is durable is seen.
/// Where it fails, the position is as it was.
result<scan_outcome> scan_readings(opened_store& store, event_position& position, const scan_limits& limits,
                                   const std::function<std::size_t(const reading_event&)>& take);

/// Whether a position is one that events were given with: nothing in it lies beyond what is durable. Whoever went on
/// from such a one would miss what comes to stand before it.
result<bool> is_durable(opened_store& store, const event_position& position);

/// The position from which a reader misses nothing that became known at an instant or later (`offsets_before`).
result<event_position> position_before(opened_store& store, std::int64_t known_s);

// -- implementation ---------------------------------------------------------------------------------------------------

namespace detail {

template <class Event, class Fetch, class Take>
class event_scan {
public:
  event_scan(const scan_limits& limits, const Fetch& fetch, const Take& take)
    : limits_(&limits), fetch_(&fetch), take_(&take) {}

  /// Goes on in a shard until its end, a limit or where it is to end.
  result<void> shard(std::uint32_t number, event_position::in_shard& at) {
    const event_position::in_shard* const end = limits_->until ? &limits_->until->at(number) : nullptr;
    for (;;) {
      if (end != nullptr && !is_before(at, *end))
        return {};
      if (is_full()) {
        full_ = true;
        return {};
      }
      const result<event_batch<Event>> batch = fetch_behind(number, at);
      if (!batch)
        return batch.failure();
      if (!pass(*batch, at, end))
        return {};
      if (batch->last_offset >= at.offset) {
        if (batch->passed == nullptr)
          looked_at_ += static_cast<std::size_t>(batch->last_offset - at.offset);
        at = {batch->last_offset, batch->of_it};
      }
      if (end != nullptr && !is_before(at, *end))
        at = *end;
      if (batch->at_end)
        return {};
    }
  }

  scan_outcome outcome() const noexcept { return {events_, looked_at_, !full_}; }
  bool full() const noexcept { return full_; }

private:
  result<event_batch<Event>> fetch_behind(std::uint32_t number, const event_position::in_shard& at) const {
    if constexpr (std::is_invocable_v<const Fetch&, std::uint32_t, const event_position::in_shard&>)
      return (*fetch_)(number, at);
    else
      return (*fetch_)(number, at.of_it == 0 ? at.offset : at.offset - 1);
  }

  static bool is_behind(const Event& e, const event_position::in_shard& at) noexcept {
    return e.record.offset() < at.offset || (e.record.offset() == at.offset && (at.of_it == 0 || e.place < at.of_it));
  }
  static bool is_before(const event_position::in_shard& a, const event_position::in_shard& b) noexcept {
    return a.offset < b.offset || (a.offset == b.offset && a.of_it != 0 && (b.of_it == 0 || a.of_it < b.of_it));
  }
  bool is_full() const noexcept {
    return events_ >= limits_->events || looked_at_ >= limits_->looked_at || bytes_ >= limits_->bytes;
  }

  /// False: a limit was met, or where it is to end, before the last of them.
  bool pass(const event_batch<Event>& batch, event_position::in_shard& at, const event_position::in_shard* end) {
    const event_position::in_shard from = at;
    record_walk records(batch.passed, from);
    for (const Event& e : *batch.events) {
      if (is_behind(e, from))
        continue;
      if (end != nullptr && !is_behind(e, *end)) {
        at = *end;
        return false;
      }
      if (!pass_records(records, e.record.offset() - 1, at))
        return false;
      if (is_full()) {
        full_ = true;
        at = e.place == 0 ? event_position::in_shard{e.record.offset() - 1, 0}
                          : event_position::in_shard{e.record.offset(), e.place};
        return false;
      }
      records.begun = e.record.offset();
      ++looked_at_;
      const std::size_t bytes = (*take_)(e);
      bytes_ += bytes;
      events_ += bytes != 0 ? 1 : 0;
    }
    return pass_records(records, end == nullptr ? batch.last_offset : std::min(batch.last_offset, end->offset), at);
  }

  /// Where it is among the records of a batch; of `begun` some event was passed, so its end is reached.
  struct record_walk {
    record_walk(const std::vector<passed_record>* of, const event_position::in_shard& from)
      : begun(from.of_it == 0 ? 0 : from.offset) {
      if (of == nullptr)
        return;
      rest = *of;
      while (!rest.empty() && rest.front().offset <= from.offset && rest.front().offset != begun)
        rest = rest.subspan(1);
    }
    std::span<const passed_record> rest;
    std::int64_t begun;
  };

  /// Counts those up to an offset, each at its end: where a limit is met does not depend on how they were fetched.
  bool pass_records(record_walk& records, std::int64_t until, event_position::in_shard& at) {
    for (; !records.rest.empty() && records.rest.front().offset <= until; records.rest = records.rest.subspan(1)) {
      const passed_record& r = records.rest.front();
      if (is_full() && r.offset != records.begun) {
        full_ = true;
        at = {r.offset - 1, 0};
        return false;
      }
      looked_at_ += std::size_t{1} + r.readings;
    }
    return true;
  }

  const scan_limits* limits_;
  const Fetch* fetch_;
  const Take* take_;
  std::size_t events_ = 0;
  std::size_t looked_at_ = 0;
  std::size_t bytes_ = 0;
  bool full_ = false;
};

} // namespace detail

template <class Event, class Fetch, class Take>
result<scan_outcome> scan_events(event_position& position, const scan_limits& limits, const Fetch& fetch,
                                 const Take& take) {
  detail::event_scan<Event, Fetch, Take> run(limits, fetch, take);
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

} // namespace gridtwin
