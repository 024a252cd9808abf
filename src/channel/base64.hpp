#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {

// Base64 (RFC 4648, section 4) with padding, without line ends.

std::string base64_of(std::string_view bytes);
/// Nothing where the text is none, or would not be written so: each value has one text.
std::optional<std::string> parse_base64(std::string_view text);

} // namespace gridtwin
