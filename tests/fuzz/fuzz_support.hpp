#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin::fuzz {

/// What must hold for any input.
inline void require(bool holds, const char* what) {
  if (holds)
    return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return size == 0 ? std::string_view("") : std::string_view(reinterpret_cast<const char*>(data), size);
}

/// Takes the text up to a separator off the front.
inline std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return part;
}

/// The same CSV table with its rows in the opposite order.
inline std::string turned(std::string text) {
  if (text.substr(0, 3) == "\xEF\xBB\xBF")
    text.erase(0, 3);
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at) + "\n");
    at = end + 1;
  }
  const auto is_blank = [](std::string line) {
    line.pop_back();
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    return line.find_first_not_of(" \t") == std::string::npos;
  };
  const auto header = std::find_if_not(lines.begin(), lines.end(), is_blank);
  if (header != lines.end())
    std::reverse(header + 1, lines.end());
  std::string out;
  for (const std::string& line : lines)
    out += line;
  return out;
}

} // namespace gridtwin::fuzz
