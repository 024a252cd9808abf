#pragma once

#include "src/ingest/meter_index.hpp"
#include "twins/raw_lines.hpp"
#include "twins/reading_batch.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>
#include <vector>

namespace gridtwin {

/// A series within a file: meter, quantity and version, packed.
struct series_key {
  std::uint64_t value = 0;
  bool operator==(const series_key&) const = default;
};

/// A row whose local time occurs twice: which of the two instants is meant, the resolver says.
struct twofold_row {
  static constexpr std::uint32_t no_reject = std::numeric_limits<std::uint32_t>::max();
  sourced_reading reading; ///< `connection` and `period` are still to be filled in
  meter_number meter;
  std::int64_t local_s = 0;         ///< the written time as seconds since 1970
  std::int64_t hour_begin_s = 0;    ///< the span of local times that occurs twice
  std::int64_t hour_end_s = 0;      ///< (exclusive)
  std::int64_t earlier_end_s = 0;   ///< end of the period at the earlier instant, UTC
  std::int64_t later_end_s = 0;     ///< and at the later one
  std::uint32_t reject = no_reject; ///< position in `rejects` of a row that is refused for another reason
  bool whole_seconds = true;
};

/// What the resolver must see of the rows of one series that follow one another: a twofold row by itself, or the first
/// and last local time of a run of others.
struct series_run {
  static constexpr std::uint32_t no_twofold = std::numeric_limits<std::uint32_t>::max();
  series_key series;
  std::int64_t first_local_s = 0;
  std::int64_t last_local_s = 0;
  std::uint32_t twofold = no_twofold; ///< position in `twofold`
};

/// A decoded run of whole lines. `batch.first_line` and `batch.source` are not known here: the resolver, which sees the
/// blocks in the order of the file, fills in the first, and the caller the second.
struct decoded_block {
  reading_batch batch;
  std::vector<twofold_row> twofold; ///< empty unless the decoder needs order
  std::vector<series_run> runs;     ///< in the order of the file; empty unless the decoder needs order
};

/// Turns the text of a source into readings of known meters, and what is none into rejects with a reason. Immutable:
/// any number of threads may decode blocks of a source at once.
class source_decoder {
public:
  virtual ~source_decoder() = default;

  /// Decodes whole lines, less than 4 GiB. `raw` gives lines of the same text, for what is refused later; `text` is not
  /// needed any more. Deterministic, and independent of how the source is cut into blocks.
  virtual decoded_block decode(std::string_view text, std::shared_ptr<const raw_lines> raw) const = 0;

  /// The line of the source at which its first block begins, counted from 1.
  virtual std::uint64_t first_line() const noexcept = 0;

protected:
  source_decoder() = default;
  source_decoder(const source_decoder&) = default;
  source_decoder& operator=(const source_decoder&) = default;
};

} // namespace gridtwin
