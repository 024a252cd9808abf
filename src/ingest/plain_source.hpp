#pragma once

#include "src/ingest/source_reader.hpp"

#include <memory>
#include <string>

namespace gridtwin {

/// Blocks of a plain file: ranges of its bytes, of which each stands for the lines that begin in it. `lines_begin`:
/// where the first line behind the header does.
std::unique_ptr<source_reader> read_plain_source(std::shared_ptr<const source_file> file, std::string header,
                                                 std::uint64_t lines_begin);

} // namespace gridtwin
