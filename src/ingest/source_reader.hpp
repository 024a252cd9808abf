#pragma once

#include "src/ingest/source_file.hpp"
#include "src/ingest/source_list.hpp"
#include "twins/raw_lines.hpp"
#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gridtwin {

/// Longest line: what is longer is cut here, the rest of that line dropped, and the decoder refuses it as too long.
inline constexpr std::size_t line_bytes_limit = std::size_t{1} << 20;
/// Longest header line.
inline constexpr std::size_t header_bytes_limit = std::size_t{64} << 10;
/// Bytes that are read from disk at a time, where not a whole block is.
inline constexpr std::size_t read_chunk_bytes = std::size_t{128} << 10;
static_assert(header_bytes_limit < read_chunk_bytes && read_chunk_bytes < line_bytes_limit);

/// Whole lines of a source that follow one another, to be fetched by whichever thread decodes them. There may be none;
/// the last of a file may lack its end.
class source_block {
public:
  virtual ~source_block() = default;

  /// The lines: in `buffer`, or where the block has them. Valid while both are, until `buffer` is used again.
  /// Error: `errc::unreadable_input`, naming the file, where the disk fails or the file has become shorter.
  virtual result<std::string_view> fetch(read_buffer& buffer) = 0;

  /// Gives lines of what was fetched, by the place of their first byte, when `buffer` is in other use.
  virtual std::shared_ptr<const raw_lines> raw() const = 0;
};

/// What the first line of a file is.
enum class first_line : std::uint8_t {
  header, ///< names columns
  text,   ///< as all others
};

/// Cuts a file of lines, plain or gzip (told by its first bytes, several members too), into blocks of whole lines.
/// Where it is plain, reading is left to those who decode the blocks, and no line stays in memory. One thread at a
/// time.
class source_reader {
public:
  /// Opens a file, drops a UTF-8 byte order mark and reads the first line.
  /// Error: `errc::unreadable_input`, naming the file, where it may not be read, holds nothing, is binary or UTF-16, or
  /// the header is longer than 64 KiB.
  static result<std::unique_ptr<source_reader>> open(const source& from, first_line first = first_line::header);

  virtual ~source_reader() = default;
  source_reader(const source_reader&) = delete;
  source_reader& operator=(const source_reader&) = delete;

  /// The first line without its end; of one that is no header as much as there is of it in 64 KiB.
  virtual std::string_view header() const noexcept = 0;

  /// The next lines, about `target_bytes` of them. Nothing at the end of the file.
  /// Error: `errc::unreadable_input`, naming the file, where compressed data is cut or corrupt, or the disk fails.
  virtual result<std::unique_ptr<source_block>> next(std::size_t target_bytes) = 0;

  /// Bytes of the file on disk that have been read or handed out, for progress.
  virtual std::uint64_t bytes_consumed() const noexcept = 0;

protected:
  source_reader() = default;
};

} // namespace gridtwin
