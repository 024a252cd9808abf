#include "src/channel/base64.hpp"

#include <cstddef>
#include <cstdint>

namespace gridtwin {

namespace {

constexpr std::string_view base64_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

} // namespace

std::string base64_of(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view part = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (k < part.size() ? static_cast<unsigned char>(part[k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      out += k <= part.size() ? base64_letters[bits >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

std::optional<std::string> parse_base64(std::string_view text) {
  if (text.size() % 4 != 0)
    return std::nullopt;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::string_view part = text.substr(i, 4);
    if (i + 4 == text.size())
      part = part.substr(0, part.ends_with("==") ? 2 : part.ends_with('=') ? 3 : 4);
    std::uint32_t bits = 0;
    for (const char c : part) {
      const std::size_t value = base64_letters.find(c);
      if (value == std::string_view::npos)
        return std::nullopt;
      bits = bits << 6 | static_cast<std::uint32_t>(value);
    }
    bits <<= 6 * (4 - part.size());
    const std::size_t size = part.size() - 1;
    if ((bits & ((std::uint32_t{1} << (8 * (3 - size))) - 1)) != 0)
      return std::nullopt; // bits that mean nothing must not be there
    for (std::size_t k = 0; k < size; ++k)
      out += static_cast<char>(bits >> (16 - 8 * k) & 0xFF);
  }
  return out;
}

} // namespace gridtwin
