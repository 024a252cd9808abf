#pragma once

#include "twins/result.hpp"

#include <cstddef>
#include <string>

namespace gridtwin {

/// A file's first bytes, one more than `limit` at most, so that what is too long can be told.
result<std::string> read_small_file(const std::string& path, std::size_t limit);

result<void> write_small_file(const std::string& path, const std::string& text);

} // namespace gridtwin
