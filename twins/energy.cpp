#include "twins/energy.hpp"

#include <algorithm>
#include <array>

namespace gridtwin {

namespace {

constexpr int exponent_limit = 40; // beyond it a text is no measurement

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Decimal places by which the digits are moved to become watt-hours, before a factor.
constexpr int shift_of(energy_unit unit) noexcept { return unit == energy_unit::watt_hour ? 0 : 3; }

/// Sum of digits 10^-k read one after another: whole watt-hours, and what is left of them.
struct accumulator {
  std::int64_t limit = largest_energy_wh;
  std::int64_t whole = 0;
  bool too_large = false;

  void push(int digit) noexcept {
    if (whole > limit / 10)
      too_large = true;
    else
      whole = whole * 10 + digit;
  }
};

/// The digits of a decimal with the place of its point and its exponent.
struct scanned {
  std::array<char, 64> digits{};
  int count = 0;
  int whole = 0; ///< digits before the point, the exponent included; may be negative or above `count`
  bool negative = false;
  bool sticky = false; ///< a digit other than 0 that did not fit
};

bool scan_exponent(std::string_view text, std::size_t at, int& exponent) noexcept {
  bool negative = false;
  if (at < text.size() && (text[at] == '+' || text[at] == '-'))
    negative = text[at++] == '-';
  if (at == text.size())
    return false;
  int value = 0;
  for (; at < text.size(); ++at) {
    if (!is_digit(text[at]) || value > exponent_limit)
      return false;
    value = value * 10 + (text[at] - '0');
  }
  exponent = negative ? -value : value;
  return value <= exponent_limit;
}

std::optional<scanned> scan(std::string_view text, char thousands) noexcept {
  scanned out;
  std::size_t at = 0;
  if (at < text.size() && (text[at] == '-' || text[at] == '+'))
    out.negative = text[at++] == '-';
  bool point = false;
  bool any = false;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (is_digit(c)) {
      any = true;
      if (c == '0' && out.count == 0) { // a leading zero carries nothing but its place
        out.whole -= point ? 1 : 0;
        continue;
      }
      if (out.count < static_cast<int>(out.digits.size()))
        out.digits[static_cast<std::size_t>(out.count++)] = c;
      else
        out.sticky |= c != '0';
      out.whole += point ? 0 : 1;
    } else if (c == '.' && !point) {
      point = true;
    } else if (thousands != 0 && c == thousands && any && !point && at + 1 < text.size() && is_digit(text[at + 1])) {
      continue;
    } else {
      break;
    }
  }
  if (!any)
    return std::nullopt;
  if (at == text.size())
    return out;
  int exponent = 0;
  if ((text[at] != 'e' && text[at] != 'E') || !scan_exponent(text, at + 1, exponent))
    return std::nullopt;
  out.whole += exponent;
  return out;
}

} // namespace

std::optional<parsed_energy> parse_energy(std::string_view text, energy_unit unit, char thousands) noexcept {
  const auto number = scan(text, thousands);
  if (!number)
    return std::nullopt;
  // Mean power of half an hour is half the energy: doubled places are kept by counting in half watt-hours.
  const bool halves = unit == energy_unit::kilowatt;
  const int whole_digits = number->count == 0 ? 0 : number->whole + shift_of(unit);
  accumulator total{halves ? 2 * largest_energy_wh : largest_energy_wh};
  for (int i = 0; i < std::max(whole_digits, 0) && !total.too_large; ++i)
    total.push(i < number->count ? number->digits[static_cast<std::size_t>(i)] - '0' : 0);
  // The rest, compared with one half: its first digit, and whether anything but 0 follows.
  int first = 0;
  bool more = number->sticky;
  for (int i = std::max(whole_digits, 0); i < number->count; ++i) {
    const int digit = number->digits[static_cast<std::size_t>(i)] - '0';
    if (i == whole_digits)
      first = digit;
    else
      more |= digit != 0;
  }
  parsed_energy out;
  if (halves) {
    // value = (whole + rest) / 2: an odd whole leaves exactly one half, to which the rest adds.
    const bool odd = total.whole % 2 != 0;
    const bool rest = first != 0 || more;
    out.wh = total.whole / 2;
    out.rounded = odd || rest;
    if (odd && (rest || out.wh % 2 != 0))
      ++out.wh;
  } else {
    out.wh = total.whole;
    out.rounded = first != 0 || more;
    if (first > 5 || (first == 5 && (more || out.wh % 2 != 0)))
      ++out.wh;
  }
  if (total.too_large || out.wh > largest_energy_wh)
    out = {largest_energy_wh, false};
  if (number->negative)
    out.wh = -out.wh;
  return out;
}

std::optional<std::int64_t> parse_fixed(std::string_view text, int decimals) noexcept {
  std::int64_t value = 0;
  int after_point = -1;
  bool any = false;
  for (const char c : text) {
    if (c == '.' && after_point < 0) {
      after_point = 0;
      continue;
    }
    if (!is_digit(c) || value > largest_energy_wh)
      return std::nullopt;
    any = true;
    if (after_point >= decimals) {
      if (c != '0')
        return std::nullopt;
      continue;
    }
    value = value * 10 + (c - '0');
    after_point += after_point >= 0 ? 1 : 0;
  }
  if (!any)
    return std::nullopt;
  for (int i = std::max(after_point, 0); i < decimals; ++i) {
    if (value > largest_energy_wh)
      return std::nullopt;
    value *= 10;
  }
  return value;
}

std::string format_ratio(uint128 numerator, uint128 denominator, int decimals) {
  for (int i = 0; i < decimals; ++i)
    numerator *= 10;
  uint128 quotient = numerator / denominator;
  const uint128 twice_rest = numerator % denominator * 2;
  if (twice_rest > denominator || (twice_rest == denominator && quotient % 2 != 0))
    ++quotient;
  std::string reversed;
  for (int i = 0; quotient != 0 || i <= decimals; ++i) {
    if (i == decimals && decimals > 0)
      reversed += '.';
    reversed += static_cast<char>('0' + static_cast<int>(quotient % 10));
    quotient /= 10;
  }
  return {reversed.rbegin(), reversed.rend()};
}

} // namespace gridtwin
