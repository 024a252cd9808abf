#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {

inline constexpr std::size_t mpan_digits = 13;

/// The core of a Meter Point Administration Number: 13 digits, the last a check digit.
struct mpan {
  std::uint64_t number = 0; ///< the 13 digits as a number, leading zeros dropped
  auto operator<=>(const mpan&) const = default;
};

/// The check digit that belongs to the first 12 digits (`number` / 10): weights 3, 5, 7, 13, 17, 19, 23, 29, 31, 37,
/// 41, 43, sum modulo 11 modulo 10.
int check_digit(std::uint64_t first_twelve) noexcept;

/// Nothing where the text is not 13 digits or its check digit is wrong.
std::optional<mpan> parse_mpan(std::string_view text) noexcept;

/// 13 digits.
std::string to_string(mpan value);

} // namespace gridtwin
