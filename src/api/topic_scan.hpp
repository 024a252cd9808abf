#pragma once

#include "src/api/event_position.hpp"
#include "src/api/store_pool.hpp"
#include "src/store/reading_topic.hpp"
#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <type_traits>
#include <vector>

namespace gridtwin {

struct scan_limits {
  std::optional<std::uint32_t> shard;    ///< only this one
  std::size_t events = 0;                ///< that are taken
  std::size_t looked_at = 0;             ///< events, whether or not they are taken
  std::optional<event_position> until{}; ///< nothing behind it; reached, it is the end
};

struct scan_outcome {
  std::size_t events = 0; ///< taken
  bool at_end = false;    ///< nothing more is durable now
};

/// The events of records behind an offset of a shard, the last of which may go on. An event has its `record`, and its
/// `place` in it.
template <class Event>
struct event_batch {
  const std::vector<Event>* events = nullptr; ///< until the next one is asked for
  std::int64_t last_offset = 0;               ///< of the records that were passed
  bool at_end = false;                        ///< nothing more is durable now
  std::uint32_t of_it = 0;                    ///< of the last record's events, so many; 0: all
};

/// The shards in the order in which they are read from a position.
std::vector<std::uint32_t> shards_in_turn(const event_position& position, std::optional<std::uint32_t> only);

/// Goes on behind a position and moves it, as `scan_readings` says. `fetch(shard, after)` gives a
/// `result<event_batch<Event>>`, which may begin with records before; or `fetch(shard, place in it)`, where a record is
/// given in parts.
template <class Event, class Fetch, class Take>
result<scan_outcome> scan_events(event_position& position, const scan_limits& limits, const Fetch& fetch,
                                 const Take& take);

/// Goes on behind a position and moves it: shard by shard, the one that is least far first, so that none waits for
/// another; the events of a shard in their order, none twice, none left out. `take` says whether it took the event; one
/// that it did not is passed all the same. Only what is durable is seen. Where it fails, the position is as it was.
result<scan_outcome> scan_readings(opened_store& store, event_position& position, const scan_limits& limits,
                                   const std::function<bool(const reading_event&)>& take);

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
      if (!pass(*batch->events, at, end))
        return {};
      if (batch->last_offset >= at.offset)
        at = {batch->last_offset, batch->of_it};
      if (end != nullptr && !is_before(at, *end))
        at = *end;
      if (batch->at_end)
        return {};
    }
  }

  scan_outcome outcome() const noexcept { return {events_, !full_}; }
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
  bool is_full() const noexcept { return events_ >= limits_->events || looked_at_ >= limits_->looked_at; }

  /// False: a limit was met, or where it is to end, before the last of them.
  bool pass(const std::vector<Event>& events, event_position::in_shard& at, const event_position::in_shard* end) {
    const event_position::in_shard from = at;
    for (const Event& e : events) {
      if (is_behind(e, from))
        continue;
      if (end != nullptr && !is_behind(e, *end)) {
        at = *end;
        return false;
      }
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

  const scan_limits* limits_;
  const Fetch* fetch_;
  const Take* take_;
  std::size_t events_ = 0;
  std::size_t looked_at_ = 0;
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
