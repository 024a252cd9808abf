#pragma once

#include "twins/mpan.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace gridtwin {

// Numbers read eight digits at a time: a word of memory holds eight characters, the first one lowest.
static_assert(std::endian::native == std::endian::little);

inline std::uint64_t eight_bytes(const char* at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// The bits of the first `count` of a word's bytes, 0 to 8.
constexpr std::uint64_t first_bytes(std::size_t count) noexcept {
  return count >= sizeof(std::uint64_t) ? ~std::uint64_t{0} : (std::uint64_t{1} << (8 * count)) - 1;
}

inline constexpr std::uint64_t eight_zeros = 0x3030'3030'3030'3030; // "00000000"

/// Each byte is `3` in its upper half, also after 6 was added, which carries from `:` on.
constexpr bool all_digits(std::uint64_t word) noexcept {
  constexpr std::uint64_t upper_halves = 0xF0F0'F0F0'F0F0'F0F0;
  return (word & upper_halves) == eight_zeros && ((word + 0x0606'0606'0606'0606) & upper_halves) == eight_zeros;
}

/// The number that eight digits write: neighbours are joined to pairs, pairs to fours, fours to eight.
constexpr std::uint32_t number_of(std::uint64_t digits) noexcept {
  digits = ((digits & 0x0F0F'0F0F'0F0F'0F0F) * (10 * 256 + 1)) >> 8;
  digits = ((digits & 0x00FF'00FF'00FF'00FF) * (100 * 65536 + 1)) >> 16;
  return static_cast<std::uint32_t>(((digits & 0x0000'FFFF'0000'FFFF) * (10'000 * (std::uint64_t{1} << 32) + 1)) >> 32);
}

/// Reads 13 bytes. False where one is no digit.
inline bool read_mpan_digits(const char* at, std::uint64_t& number) noexcept {
  constexpr std::size_t tail = mpan_digits - sizeof(std::uint64_t);
  const std::uint64_t head = eight_bytes(at);
  const std::uint64_t last = eight_bytes(at + tail); // three of them were in the head; they become zeros
  const std::uint64_t fresh = (last & ~first_bytes(3)) | (eight_zeros & first_bytes(3));
  number = std::uint64_t{number_of(head)} * 100'000 + number_of(fresh);
  return all_digits(head) && all_digits(last);
}

/// A plain decimal of kilowatt-hours with at most three decimals before zeros: nearly all that meters send. False
/// leaves the text to `parse_energy`, which reads all of them.
inline bool quick_kilowatt_hours(std::string_view text, std::int64_t& wh) noexcept {
  constexpr std::size_t most_digits = 9;
  const auto digit = [text](std::size_t at) { return static_cast<unsigned char>(text[at]) - unsigned{'0'}; };
  std::size_t at = 0;
  std::int64_t value = 0;
  for (; at < text.size() && at <= most_digits && digit(at) <= 9; ++at)
    value = value * 10 + digit(at);
  if (at == 0 || at > most_digits)
    return false;
  value *= 1000;
  if (at < text.size()) {
    if (text[at++] != '.')
      return false;
    for (std::int64_t scale = 100; at < text.size() && scale != 0; ++at, scale /= 10) {
      if (digit(at) > 9)
        return false;
      value += digit(at) * scale;
    }
    for (; at < text.size(); ++at)
      if (text[at] != '0')
        return false;
  }
  wh = value;
  return true;
}

/// The same for a text of at most eight characters with a point and up to three decimals, with no loop. Reads eight
/// bytes, whatever the size. False leaves the text to `quick_kilowatt_hours`.
inline bool short_kilowatt_hours(std::string_view text, std::int64_t& wh) noexcept {
  constexpr std::array<std::int64_t, 4> watt_hours{1000, 100, 10, 1}; // of the last digit, by the number of decimals
  constexpr std::uint64_t ones = 0x0101'0101'0101'0101;
  const std::size_t size = text.size();
  if (size < 2 || size > sizeof(std::uint64_t))
    return false;
  const std::uint64_t word = eight_bytes(text.data()) << (64 - 8 * size); // the last character is the highest byte
  const std::uint64_t points = word ^ (ones * '.');                       // a byte of 0 is a point
  const std::uint64_t marks = (points - ones) & ~points & (ones * 0x80);  // the lowest mark is the first point
  if (marks == 0)
    return false;
  const auto point = static_cast<std::size_t>(std::countr_zero(marks)) / 8;
  const std::size_t decimals = 7 - point;
  if (decimals >= watt_hours.size() || point + size <= 8) // nothing before the point
    return false;
  const std::uint64_t whole = word & first_bytes(point);
  const std::uint64_t digits = (word & ~first_bytes(point + 1)) | (whole << 8) | (eight_zeros >> (8 * (size - 1)));
  wh = number_of(digits) * watt_hours[decimals];
  return all_digits(digits);
}

} // namespace gridtwin
