#pragma once

#include "src/api/event_position.hpp"
#include "src/api/reader_rights.hpp"
#include "src/api/store_pool.hpp"
#include "src/api/topic_source.hpp"
#include "src/push/drain_window.hpp"
#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace gridtwin {

/// Events of a topic that lie between two positions, as a request's body.
struct topic_stretch {
  event_position after;
  event_position position; ///< behind the last of them, and behind what its reader does not see
  std::size_t events = 0;
  bool at_end = false;   ///< nothing more is there, or up to where it was to end
  bool too_long = false; ///< the one event is longer than a body may be
  std::string correlation;
  std::string body; ///< empty where there is no event
};

/// What a request's body says of itself.
struct stretch_names {
  std::string webhook;
  access_topic topic = access_topic::reading;
  std::int64_t letter = 0; ///< of which it is a part; 0: of none
};

struct stretch_limits {
  std::size_t events = 0;
  std::size_t bytes = 0;                 ///< of the body
  std::optional<event_position> until{}; ///< nothing behind it
  const drain_window* window = nullptr;  ///< else: what comes first; none: by the order of the scan alone
};

/// Reads a topic as one reader sees it now, in pieces that fit into a request. One thread.
class stretch_reader {
public:
  stretch_reader(stretch_names names, const topic_source& source, reader_rights rights)
    : names_(std::move(names)), source_(&source), rights_(std::move(rights)) {}

  const reader_rights& rights() const noexcept { return rights_; }

  /// The events next behind a position, as many as fit. Of the same store and rights it is the same each time.
  /// `letter`: see `stretch_names`. Error: the store cannot be read.
  result<topic_stretch> read(opened_store& store, const event_position& after, const stretch_limits& limits,
                             std::int64_t letter = 0);

private:
  result<std::size_t> read_once(opened_store& store, const stretch_limits& limits, topic_stretch& out);

  stretch_names names_;
  const topic_source* source_;
  reader_rights rights_;
  std::size_t bytes_of_event_ = 0; ///< about so many; 0: not known yet
};

} // namespace gridtwin
