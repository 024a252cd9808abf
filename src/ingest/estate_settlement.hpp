#pragma once

#include "src/ingest/meter_index.hpp"
#include "twins/result.hpp"
#include "twins/settlement_inputs.hpp"

#include <array>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace gridtwin {

/// The optional files of an estate, in the order of their names as bytes.
inline constexpr std::array<std::string_view, 4> settlement_file_names{"annual.csv", "appointments.csv",
                                                                       "load_shapes.csv", "registers.csv"};

/// Reads those optional files that a folder has, in the order of their names. Reads the disk.
/// Error: `errc::bad_estate` where one is empty, for it needs a header, or may not be read.
result<std::vector<estate_file>> read_settlement_files(const std::filesystem::path& folder);

/// Checks and builds what the optional files say of an estate's meters: a function of the content alone, whatever the
/// order of rows. Files that are absent, or have no rows, say nothing; a row may be repeated.
///
/// Energies are exact: what is finer than a watt-hour is a fault, for nothing would count what was rounded. A bare date
/// is the local settlement date (`effective_from` of annual.csv) or its midnight (`from` and `to` of appointments.csv);
/// `read_at` and `period_end` need `Z` or an offset.
/// Error: `errc::bad_estate`, as `parse_estate`.
result<settlement_inputs> parse_settlement_files(std::span<const estate_file> files, const meter_index& meters,
                                                 std::string_view folder_name);

} // namespace gridtwin
