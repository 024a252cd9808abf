#pragma once

#include "twins/result.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// A file of readings.
struct source {
  std::filesystem::path path;
  std::string name; ///< relative to the folder that was given, or the file's own name
  std::uint64_t bytes = 0;
  bool may_be_link = true; ///< else it is refused if it has become one
};

/// What files of folders are taken for readings, by the ends of their names.
inline constexpr std::array<std::string_view, 3> row_file_endings{".csv", ".txt", ".gz"};
inline constexpr std::array<std::string_view, 4> message_file_endings{".json", ".jsonl", ".ndjson", ".gz"};
/// `*.csv, *.txt or *.gz`
std::string name_endings(std::span<const std::string_view> endings);

/// What the given paths hold.
struct source_list {
  std::vector<source> sources;          ///< in the order of the paths, in a folder in order of name as bytes
  std::vector<std::string> passed_over; ///< files of folders that are not taken, for a note
};

/// Lists files; folders are walked whole, hidden entries skipped. The identical path is listed once. Reads the disk.
/// Error: `errc::unreadable_input` for a path that is missing, forbidden, empty, no file, or a folder with nothing
/// to read in it.
result<source_list> list_sources(const std::vector<std::filesystem::path>& paths,
                                 std::span<const std::string_view> endings = row_file_endings);

} // namespace gridtwin
