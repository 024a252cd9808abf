#pragma once

#include "src/store/day_codec.hpp"
#include "twins/reading_batch.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// Readings of a batch that follow one another in it.
struct batch_range {
  const reading_batch* batch = nullptr;
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

/// One transformer's part of a `readings` record, not packed: what a group added, in the order in which it arrived,
/// with source and line. A column each for twin, half hour, source and line holds runs of equal steps, for files are in
/// order of something. `slot_of`: by connection.
std::string encode_section(std::span<const batch_range> added, std::span<const twin_slot> slot_of);

/// Appends the readings of a section; false where the bytes are damaged.
bool decode_section(std::string_view bytes, std::vector<stored_reading>& readings);

} // namespace gridtwin
