#pragma once

#include "src/api/event_position.hpp"
#include "src/api/reader_rights.hpp"
#include "src/api/store_pool.hpp"
#include "src/api/topic_scan.hpp"
#include "src/security/access_rights.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <functional>
#include <string_view>

namespace gridtwin {

/// Is handed an event that may be shown, as JSON.
using show_event = std::function<void(std::string_view json)>;

/// Where a topic's events come from. From any thread, several at a time.
class topic_source {
public:
  virtual ~topic_source() = default;

  /// Goes on behind a position and moves it (`scan_events`); hands on what the reader may see.
  virtual result<scan_outcome> read(opened_store& store, const reader_rights& rights, event_position& position,
                                    const scan_limits& limits, const show_event& show) const = 0;

  /// Whether a position is one that events were given with: nothing in it lies beyond what is durable.
  virtual result<bool> is_durable(opened_store& store, const event_position& position) const {
    return gridtwin::is_durable(store, position);
  }
  /// The position from which a reader misses nothing that became known at an instant (seconds since the epoch) or
  /// later.
  virtual result<event_position> position_before(opened_store& store, std::int64_t known_s) const {
    return gridtwin::position_before(store, known_s);
  }
  /// False: an unchanged store says nothing of it.
  virtual bool is_in_store() const noexcept { return true; }
};

/// The source of a topic; none where it has no events here.
const topic_source* source_of(access_topic topic) noexcept;

} // namespace gridtwin
