#pragma once

#include "twins/estate.hpp"
#include "twins/result.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace gridtwin {

/// Faults of an estate that are shown; all are counted.
inline constexpr std::size_t shown_estate_faults = 20;

/// The bytes of an estate's three CSV files.
struct estate_texts {
  std::string transformers;
  std::string feeders;
  std::string meters;
};

/// Reads `transformers.csv`, `feeders.csv` and `meters.csv` of a folder whole. Reads the disk.
/// Error: `errc::bad_estate` where one is missing, empty or may not be read.
result<estate_texts> read_estate_texts(const std::filesystem::path& folder);

/// Reads one file of an estate whole. Reads the disk. Error: as above.
result<std::string> read_estate_file(const std::filesystem::path& path);

/// Checks and builds the estate, sorted as `estate` says: a function of the content alone. Not copied: the texts.
/// Error: `errc::bad_estate`; its first line says how many faults there are and the first, then come the first 20, a
/// line each as `meters.csv:17: ...`. A fault in a file that others refer to hides theirs only where they depend on it.
result<estate> parse_estate(const estate_texts& texts, std::string_view folder_name);

} // namespace gridtwin
