#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace gridtwin {

/// Longest piece of foreign text that a message shows.
inline constexpr std::size_t shown_text_limit = 60;

/// Text from outside made safe to print: control characters and bytes that are not UTF-8 become `?`, and what is longer
/// than `limit` bytes is cut and ends in `...`.
std::string printable(std::string_view text, std::size_t limit = shown_text_limit);

/// The same in single quotes.
std::string in_quotes(std::string_view text, std::size_t limit = shown_text_limit);

/// A JSON string with its quotes. `text`: UTF-8, or it is no JSON.
std::string json_string(std::string_view text);

/// Well-formed UTF-8 (RFC 3629).
bool is_utf8(std::string_view text) noexcept;

} // namespace gridtwin
