#include "twins/mpan.hpp"

#include <array>

namespace gridtwin {

namespace {

constexpr std::array<int, mpan_digits - 1> check_weights{3, 5, 7, 13, 17, 19, 23, 29, 31, 37, 41, 43};

} // namespace

int check_digit(std::uint64_t first_twelve) noexcept {
  int sum = 0;
  for (std::size_t i = check_weights.size(); i-- > 0; first_twelve /= 10)
    sum += check_weights[i] * static_cast<int>(first_twelve % 10);
  return sum % 11 % 10;
}

std::optional<mpan> parse_mpan(std::string_view text) noexcept {
  if (text.size() != mpan_digits)
    return std::nullopt;
  std::uint64_t number = 0;
  int sum = 0; // as `check_digit` has it, along the way
  for (std::size_t i = 0; i < mpan_digits; ++i) {
    const int digit = text[i] - '0';
    if (digit < 0 || digit > 9)
      return std::nullopt;
    number = number * 10 + static_cast<std::uint64_t>(digit);
    sum += i < check_weights.size() ? check_weights[i] * digit : 0;
  }
  if (sum % 11 % 10 != static_cast<int>(number % 10))
    return std::nullopt;
  return mpan{number};
}

std::string to_string(mpan value) {
  std::string text(mpan_digits, '0');
  for (std::size_t i = mpan_digits; i-- > 0; value.number /= 10)
    text[i] = static_cast<char>('0' + value.number % 10);
  return text;
}

} // namespace gridtwin
