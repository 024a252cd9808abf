#include "config/toml_text.hpp"

#include "config/printable_text.hpp"

#include <algorithm>
#include <cstddef>

namespace gridtwin {

namespace {

constexpr char mark = '~';
constexpr std::string_view digits = "0123456789abcdef";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// Tables that the dots of a line may nest one in another: they are taken down so too, on the stack.
constexpr std::ptrdiff_t dots_a_line_limit = 500;

} // namespace

std::optional<std::string> toml_hazard(std::string_view text) {
  std::size_t number = 1;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (!is_utf8(line))
      return "line " + std::to_string(number) + ": not UTF-8; save the file as UTF-8";
    if (std::count(line.begin(), line.end(), '.') > dots_a_line_limit)
      return "line " + std::to_string(number) + ": nested too deeply";
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    ++number;
  }
  return std::nullopt;
}

std::string toml_ascii(std::string_view text) {
  if (text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && c != mark)
      out += c;
    else
      out.append(1, mark).append(1, digits[byte >> 4]).append(1, digits[byte & 0xF]);
  }
  return out;
}

std::string from_toml_ascii(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::size_t high = at + 2 < text.size() ? digits.find(text[at + 1]) : std::string_view::npos;
    const std::size_t low = at + 2 < text.size() ? digits.find(text[at + 2]) : std::string_view::npos;
    if (text[at] != mark || high == std::string_view::npos || low == std::string_view::npos) {
      out += text[at];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    at += 2;
  }
  return out;
}

} // namespace gridtwin
