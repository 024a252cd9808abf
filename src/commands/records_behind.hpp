#pragma once

#include "src/api/event_position.hpp"
#include "src/store/store_figures.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace gridtwin {

/// Records of the journal that a reader of a topic has yet to read or to finish. Some topics have all their events in
/// the estate's shard, and their readers' positions name no other.
inline std::uint64_t records_behind(const event_position& at, const store_figures& figures, std::string_view topic) {
  const bool of_estate = topic == "audit" || topic == "settlement.day";
  std::uint64_t out = 0;
  for (std::uint32_t shard = of_estate ? estate_shard : 0; shard < (of_estate ? estate_shard + 1 : shard_count);
       ++shard) {
    const event_position::in_shard& place = at.at(shard);
    const std::int64_t whole = place.of_it != 0 ? place.offset - 1 : place.offset;
    out += static_cast<std::uint64_t>(std::max<std::int64_t>(0, figures.ends[shard] - whole));
  }
  return out;
}

} // namespace gridtwin
