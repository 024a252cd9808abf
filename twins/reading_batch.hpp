#pragma once

#include "twins/estate.hpp"
#include "twins/raw_lines.hpp"
#include "twins/reading.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace gridtwin {

/// A reading as it came from a source, decoded and identified, not yet assessed. 32 bytes.
struct sourced_reading {
  std::int64_t wh = 0;
  connection_index connection;
  gridtwin::period period;
  std::uint32_t line = 0;   ///< counted from the first line of its batch, which is 0
  std::uint32_t offset = 0; ///< of its line among the batch's raw lines, in bytes
  std::uint16_t version = 1;
  std::uint8_t item = 0; ///< place within the line: 0, or the column of a wide row
  gridtwin::quantity quantity = gridtwin::quantity::active_import;
  gridtwin::quality quality;
  gridtwin::reasons reasons;
  bool rounded = false;
};
static_assert(sizeof(sourced_reading) == 32);

/// An input that never reached a twin, with the reason.
struct early_reject {
  std::uint32_t line = 0; ///< counted from the first line of its batch
  std::uint8_t item = 0;
  gridtwin::verdict verdict = gridtwin::verdict::unparseable;
  std::string meter;      ///< as the source calls it; empty if it was not read
  std::string quantity;   ///< as far as it was read
  std::string period_end; ///< `2026-03-01T00:30:00Z`, empty where it is not known
  std::string detail;     ///< what was expected, for a person
  std::string raw;        ///< its line, without the end
};

/// Readings of one run of whole lines of one source, grouped by transformer; within a transformer in the order of the
/// source. The unit that moves from ingest to twins.
struct reading_batch {
  /// A transformer's readings: `readings[first]` up to the next slice's first.
  struct slice {
    transformer_index transformer;
    std::uint32_t first = 0;
  };

  std::uint32_t source = 0;             ///< number of the source in the store
  std::uint64_t first_line = 1;         ///< line of the source (1 is its first) that the batch's line 0 is
  std::uint32_t lines = 0;              ///< lines that were decoded, blank ones included
  std::shared_ptr<const raw_lines> raw; ///< the lines themselves; none: no source has them
  std::vector<sourced_reading> readings;
  std::vector<slice> slices; ///< sorted by transformer
  std::vector<early_reject> rejects;
  std::uint64_t ambiguous_local_times = 0;
  std::uint64_t drifted = 0; ///< times that lay some seconds off their half hour and were put on it
};

} // namespace gridtwin
