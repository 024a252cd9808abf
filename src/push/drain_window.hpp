#pragma once

#include "src/api/event_position.hpp"
#include "src/store/sqlite.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <optional>

namespace gridtwin {

/// Of each shard the one that is further.
event_position later_of(const event_position& a, const event_position& b) noexcept;

/// Up to where a reader that is behind is to come before it sees anything newer: the end of the first run of which it
/// lacks readings. Shards grow at different speeds, so the order of their offsets is none of time. One thread.
class drain_window {
public:
  /// Nothing: what it lacks is of the newest run. `position` never goes back. Error: the store cannot be read.
  result<std::optional<event_position>> until(sqlite_database& database, const event_position& position);

private:
  result<void> look(sqlite_database& database, std::uint64_t run);

  std::uint64_t run_ = 0; ///< whose end is `end_`, or which was passed; 0: not known yet
  event_position end_;
};

} // namespace gridtwin
