#pragma once

#include "src/store/journal.hpp"
#include "twins/result.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace gridtwin {

/// How far a reader of a topic has come: of each shard, the record that it read last, and how much of it. A commit adds
/// at most to the end of shards, so what lies behind a position never changes.
class event_position {
public:
  struct in_shard {
    std::int64_t offset = 0; ///< of the record read last; 0: none
    std::uint32_t of_it = 0; ///< events of that record that were read; 0: all
    bool operator==(const in_shard&) const = default;
  };

  const in_shard& at(std::uint32_t shard) const noexcept { return shards_[shard]; }
  void set(std::uint32_t shard, in_shard to) noexcept { shards_[shard] = to; }
  bool operator==(const event_position&) const = default;

private:
  std::array<in_shard, shard_count> shards_{};
};

/// `SHARD:OFFSET` with commas between, in order of shards, or `SHARD:OFFSET.EVENTS` where the record was not read to
/// its end; shards that nothing was read of are left out, and the beginning of all is `-`. One text a position.
std::string to_string(const event_position& position);
/// What `to_string` writes; also the empty text for the beginning. Error: usage, and how it must look.
result<event_position> parse_event_position(std::string_view text);

} // namespace gridtwin
