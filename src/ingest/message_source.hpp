#pragma once

#include "src/ingest/source_reader.hpp"
#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace gridtwin {

/// How messages stand in a file.
enum class message_layout : std::uint8_t {
  lines,    ///< each line is a message or a list of messages
  document, ///< all of the file is one, over many lines
};

/// Largest file that is one JSON text over many lines.
inline constexpr std::size_t message_document_limit = std::size_t{16} << 20;

/// Messages that a line or a document may hold: none is as short.
inline constexpr std::size_t messages_in_request_limit = message_document_limit / 500;

/// A file is a document if its first line ends in the middle of a value, and otherwise lines.
message_layout layout_of(std::string_view line) noexcept;

/// A file of messages, opened.
struct message_source {
  std::unique_ptr<source_reader> reader; ///< of a document it gives one block, whose raw text is all that follows
  message_layout layout = message_layout::lines;

  /// Error: as `source_reader::open`, and for a document that is too large.
  static result<message_source> open(const source& from);
};

} // namespace gridtwin
