#pragma once

#include "src/ingest/time_format.hpp"
#include "twins/codes.hpp"
#include "twins/period.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gridtwin {

/// Longest line of a plain row, and most columns of its file.
inline constexpr std::size_t plain_row_bytes = 128;
inline constexpr std::size_t plain_columns_limit = 16;
/// Longest time that is remembered.
inline constexpr std::size_t plain_time_bytes = 32;
/// Longest text of a quantity, version, quality or reason that is remembered.
inline constexpr std::size_t plain_attribute_bytes = 7;
inline constexpr std::size_t attribute_columns_limit = 5;

/// Bytes that a plain row may be read by, its own and some beyond them: words are read whole.
inline constexpr std::size_t plain_row_reach = plain_row_bytes + plain_time_bytes;
static_assert(plain_row_bytes % 64 == 0 && plain_row_bytes <= 255);

/// A line that was found, but not yet decoded.
struct line_ahead {
  std::string_view line;
  std::uint64_t meter = 0;                              ///< its MPAN; 0: it has none in 13 digits
  bool plain = false;                                   ///< as many fields as the header, none in quotes
  bool asked = false;                                   ///< memory was asked for the meter
  std::array<std::uint8_t, plain_columns_limit> ends{}; ///< of the fields of a plain line

  /// A field as it stands, of a plain line.
  std::string_view field(std::size_t column) const noexcept {
    const std::size_t begin = column == 0 ? 0 : ends[column - 1] + std::size_t{1};
    return {line.data() + begin, ends[column] - begin};
  }
};

/// The time of the last plain row as its text, and what it stands for: rows that follow one another mostly have the
/// same time, or the same date and offset and another hour and minute.
struct plain_time {
  std::array<std::uint64_t, plain_time_bytes / 8> words{};
  std::array<std::uint64_t, plain_time_bytes / 8> masks{}; ///< of the bytes that are the text's
  std::size_t size = 0;                                    ///< of the text; 0: nothing is remembered
  bool has_clock = false;        ///< hour and minute stand in bytes 11 to 15, with nothing else that depends on them
  std::int64_t clock_zero_s = 0; ///< local time with hour and minute 0
  std::int64_t begin_s = 0;      ///< span of local times that go over into UTC alike
  std::int64_t end_s = 0;        ///< exclusive
  std::int64_t to_end_s = 0;     ///< leads from the local time to the end of its half hour in UTC
  written_time time;
  gridtwin::period period;
};

/// What the columns other than meter, time and value said once, and how that was read.
struct plain_attributes {
  using packed = std::array<std::uint64_t, attribute_columns_limit>; ///< each text in 7 bytes, its size in the eighth
  packed texts{};
  bool filled = false;
  gridtwin::quantity quantity = gridtwin::quantity::active_import;
  gridtwin::quality quality;
  gridtwin::reasons reasons;
  std::uint16_t version = 1;
};

/// What the row before was like, where it was plain and began with its meter in 13 digits: a row that differs from it
/// in nothing but meter, hour and minute, and value needs no look at its fields.
struct repeated_row {
  std::size_t value_at = 0;             ///< in bytes from the line's begin; 0: none is known
  std::size_t time_at = 0;              ///< likewise
  std::array<std::uint64_t, 5> words{}; ///< what stands between meter and value
  std::array<std::uint64_t, 5> masks{}; ///< of its bytes, without those of a clock that may change
  std::uint64_t end = 0;                ///< what stands behind the value, the line feed included
  std::uint64_t end_mask = 0;
  std::size_t end_size = 0;
  plain_attributes attributes;
};

/// A row that repeats the one before, found but not yet kept.
struct repeated_row_ahead {
  std::uint64_t meter = 0; ///< its MPAN
  std::uint64_t clock = 0; ///< the second word of its time
  std::int64_t wh = 0;
  std::uint32_t offset = 0; ///< in the block
  std::uint32_t bytes = 0;  ///< with its line feed
};

} // namespace gridtwin
