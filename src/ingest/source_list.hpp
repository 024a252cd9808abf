#pragma once

#include "twins/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace gridtwin {

/// A file of readings.
struct source {
  std::filesystem::path path;
  std::string name; ///< relative to the folder that was given, or the file's own name
  std::uint64_t bytes = 0;
};

/// What the given paths hold.
struct source_list {
  std::vector<source> sources;          ///< in the order of the paths, in a folder in order of name as bytes
  std::vector<std::string> passed_over; ///< files of folders that are not *.csv, *.txt or *.gz, for a note
};

/// Lists files; folders are walked whole, hidden entries skipped. The identical path is listed once. Reads the disk.
/// Error: `errc::unreadable_input` for a path that is missing, forbidden, empty, no file, or a folder with nothing
/// to read in it.
result<source_list> list_sources(const std::vector<std::filesystem::path>& paths);

} // namespace gridtwin
