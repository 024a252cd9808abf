#pragma once

#include "src/store/journal.hpp"
#include "twins/codes.hpp"
#include "twins/gaps.hpp"
#include "twins/mpan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gridtwin {

/// A gap of a meter that a record of the journal opened or closed. A gap is closed in the form in which it was opened:
/// one that a record shrinks or splits is closed, and what is left of it is opened.
struct gap_event {
  record_id record;        ///< that it follows from: shard and offset
  std::uint32_t place = 0; ///< among the topic's events of the record, from 0
  std::string transformer; ///< under which the readings that changed it were judged
  gridtwin::mpan meter;
  gridtwin::quantity quantity = quantity::active_import;
  bool open = true; ///< false: it is closed
  gap missing;      ///< from the half hour after a reading to the one before the next
  /// By the estate of the record's run the meter was connected nowhere for some of it: what is left, perhaps nothing.
  std::optional<std::vector<gap>> parts;
  std::int64_t known_at_s = 0; ///< when the last of the readings that changed it became known

  /// Missing half hours in which the meter was connected.
  std::uint32_t periods() const noexcept {
    if (!parts)
      return missing.periods();
    std::uint32_t out = 0;
    for (const gap& part : *parts)
      out += part.periods();
    return out;
  }
};

} // namespace gridtwin
