#pragma once

#include "config/format_profile.hpp"
#include "src/ingest/meter_index.hpp"
#include "twins/reading_batch.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// What the command says about files beside their profile.
struct decode_options {
  std::optional<std::string> meter; ///< for files without a column of it
  std::uint32_t version = 1;        ///< 1 to 65535, where the file has none
  bool plain_rows = true;           ///< rows of the usual shape take the fast path; tests compare with it off
  /// Times so many seconds or fewer off the half hour are put on it (0 to 600): a meter's clock may run fast or slow.
  std::int32_t drift_tolerance_s = 0;
};

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

struct row_plan; // how to decode, worked out once: row_plan.hpp

/// Turns lines of a file into readings of known meters, and what is none into rejects with a reason. Immutable: any
/// number of threads may decode blocks of a file at once.
class row_decoder {
public:
  /// Binds a profile to a file's header.
  /// Error: `errc::unreadable_input` where the header lacks a column (the message lists those it has), or the file
  /// names no meter and neither do the options; `errc::bad_profile` for a zone or time format that does not exist.
  static result<row_decoder> make(const format_profile& profile, std::string_view header,
                                  std::shared_ptr<const meter_index> meters, const decode_options& options);

  row_decoder(row_decoder&&) noexcept;
  row_decoder& operator=(row_decoder&&) noexcept;
  ~row_decoder();
  row_decoder(const row_decoder&) = delete;
  row_decoder& operator=(const row_decoder&) = delete;

  /// Decodes whole lines (the header not among them), less than 4 GiB. `raw` gives lines of the same text, for what is
  /// refused later; `text` is not needed any more. Deterministic, and independent of how the file is cut into blocks.
  decoded_block decode(std::string_view text, std::shared_ptr<const raw_lines> raw) const;
  /// The same for lines that stay in memory.
  decoded_block decode(std::string text) const;

  /// Local times of this file may occur twice, so the resolver has to see its blocks in order. If not, the resolver
  /// only numbers lines.
  bool needs_order() const noexcept;

  const meter_index& meters() const noexcept;
  std::shared_ptr<const meter_index> shared_meters() const noexcept;

private:
  explicit row_decoder(std::unique_ptr<const row_plan> p);
  std::unique_ptr<const row_plan> plan_;
};

} // namespace gridtwin
