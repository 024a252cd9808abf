#pragma once

#include "src/api/event_position.hpp"
#include "src/api/store_pool.hpp"
#include "src/store/reading_topic.hpp"
#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace gridtwin {

struct scan_limits {
  std::optional<std::uint32_t> shard; ///< only this one
  std::size_t events = 0;             ///< that are taken
  std::size_t readings = 0;           ///< that are looked at
};

struct scan_outcome {
  std::size_t events = 0; ///< taken
  bool at_end = false;    ///< nothing more is durable now
};

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

} // namespace gridtwin
