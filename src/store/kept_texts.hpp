#pragma once

#include "src/store/sqlite.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {

/// Puts a text where its SHA-256, in hex, finds it, packed, inside the caller's transaction; one that is there
/// already is not written again.
result<void> keep_text(sqlite_database& database, std::string_view hash, std::string_view text);

/// The text of a SHA-256; nothing where it is not kept. Error: store_failed where what is kept is damaged.
result<std::optional<std::string>> kept_text(sqlite_database& database, std::string_view hash);

} // namespace gridtwin
