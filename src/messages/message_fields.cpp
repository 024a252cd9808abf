#include "src/messages/message_fields.hpp"

#include "twins/period.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace gridtwin {

namespace {

constexpr std::int64_t seconds_per_minute = 60;
constexpr std::int64_t seconds_per_hour = 3600;
constexpr int last_offset_hour = 14;
constexpr int watt_hours_digits = 3;
constexpr std::size_t most_whole_digits = 9;
constexpr std::size_t longest_reference = 200;

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_capital(char c) noexcept { return c >= 'A' && c <= 'Z'; }
constexpr bool is_letter(char c) noexcept { return is_capital(c) || (c >= 'a' && c <= 'z'); }
constexpr bool is_hex(char c) noexcept { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr bool is_letter_or_digit(char c) noexcept { return is_letter(c) || is_digit(c); }

/// The digits as a number; -1 where one is none.
int digits_at(std::string_view text, std::size_t at, std::size_t count) noexcept {
  int value = 0;
  for (const char c : text.substr(at, count)) {
    if (!is_digit(c))
      return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

char* put_digits(char* out, int value, int count) noexcept {
  for (int i = count; i-- > 0; value /= 10)
    out[i] = static_cast<char>('0' + value % 10);
  return out + count;
}

/// Takes `least` to `most` characters of a kind off the front, as many as there are. False where there are fewer.
template <class Kind>
bool take(std::string_view& rest, Kind is_one, std::size_t least, std::size_t most) noexcept {
  std::size_t count = 0;
  while (count < rest.size() && count < most && is_one(rest[count]))
    ++count;
  rest.remove_prefix(count);
  return count >= least;
}

bool take_dash(std::string_view& rest) noexcept {
  return take(
    rest, [](char c) { return c == '-'; }, 1, 1);
}

template <class Kind>
bool is_all(std::string_view text, Kind is_one, std::size_t least, std::size_t most) noexcept {
  return take(text, is_one, least, most) && text.empty();
}

constexpr std::size_t dip_id_size = 10;

} // namespace

std::optional<message_instant> parse_message_instant(std::string_view text) noexcept {
  constexpr std::string_view form = "0000-00-00T00:00:00+00:00";
  if (text.size() != message_instant_size)
    return std::nullopt;
  const char sign = text[19];
  for (std::size_t i = 0; i < form.size(); ++i)
    if (i == 19 ? sign != '+' && sign != '-' : form[i] == '0' ? !is_digit(text[i]) : text[i] != form[i])
      return std::nullopt;
  const civil_date date{digits_at(text, 0, 4), digits_at(text, 5, 2), digits_at(text, 8, 2)};
  const int hour = digits_at(text, 11, 2);
  const int minute = digits_at(text, 14, 2);
  const int second = digits_at(text, 17, 2);
  const int offset_hour = digits_at(text, 20, 2);
  const int offset_minute = digits_at(text, 23, 2);
  if (!valid(date) || hour > 23 || minute > 59 || second > 59 || offset_hour > last_offset_hour || offset_minute > 59)
    return std::nullopt;
  const std::int64_t offset = offset_hour * seconds_per_hour + offset_minute * seconds_per_minute;
  const std::int64_t local =
    days_from_civil(date) * seconds_per_day + hour * seconds_per_hour + minute * seconds_per_minute + second;
  const std::int64_t s = sign == '+' ? local - offset : local + offset;
  // An instant that is written with an offset may lie in a year that has no four digits.
  if (s < days_from_civil({0, 1, 1}) * seconds_per_day || s >= days_from_civil({10'000, 1, 1}) * seconds_per_day)
    return std::nullopt;
  return message_instant{s, sign == '+' && offset == 0};
}

char* put_message_instant(char* out, std::int64_t s) noexcept {
  std::int64_t day = s / seconds_per_day;
  std::int64_t of_day = s % seconds_per_day;
  if (of_day < 0) {
    --day;
    of_day += seconds_per_day;
  }
  const civil_date date = civil_from_days(static_cast<std::int32_t>(day));
  const auto second = static_cast<int>(of_day);
  out = put_digits(out, date.year, 4);
  *out++ = '-';
  out = put_digits(out, date.month, 2);
  *out++ = '-';
  out = put_digits(out, date.day, 2);
  *out++ = 'T';
  out = put_digits(out, second / 3600, 2);
  *out++ = ':';
  out = put_digits(out, second / 60 % 60, 2);
  *out++ = ':';
  out = put_digits(out, second % 60, 2);
  std::memcpy(out, "+00:00", 6);
  return out + 6;
}

std::optional<std::int64_t> parse_message_value(std::string_view text) noexcept {
  const bool negative = !text.empty() && text.front() == '-';
  const std::string_view digits = text.substr(negative ? 1 : 0);
  const std::size_t whole = digits.size() - std::min(digits.size(), std::size_t{watt_hours_digits} + 1);
  if (whole < 1 || whole > most_whole_digits || digits[whole] != '.')
    return std::nullopt;
  std::int64_t wh = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i == whole)
      continue;
    if (!is_digit(digits[i]))
      return std::nullopt;
    wh = wh * 10 + (digits[i] - '0');
  }
  return negative ? -wh : wh;
}

char* put_message_value(char* out, std::int64_t wh) noexcept {
  if (wh < 0)
    *out++ = '-';
  const std::int64_t size = wh < 0 ? -wh : wh;
  out = std::to_chars(out, out + most_whole_digits, size / 1000).ptr;
  *out++ = '.';
  return put_digits(out, static_cast<int>(size % 1000), watt_hours_digits);
}

bool is_sender_reference(std::string_view text) noexcept {
  if (text.empty() || text.size() > longest_reference || !text.starts_with("S-"))
    return false;
  text.remove_prefix(2);
  for (const std::string_view kind : {std::string_view("IF-"), std::string_view("REP-")})
    if (text.starts_with(kind)) {
      text.remove_prefix(kind.size());
      break;
    }
  return take(text, is_digit, 3, 3)
         && take(
           text, [](char c) { return c == 'A' || c == 'B'; }, 0, 1)
         && take_dash(text) && take(text, is_hex, dip_id_size, dip_id_size) && take_dash(text)
         && take(text, is_capital, 3, 5) && take_dash(text) && take(text, is_digit, 8, 8) && take_dash(text)
         && is_all(text, is_letter_or_digit, 1, longest_reference);
}

std::optional<std::uint8_t> parse_estimation_reason(std::string_view text) noexcept {
  if (text == "10")
    return 10;
  if (text.size() != 1 || text[0] < '1' || text[0] > '9')
    return std::nullopt;
  return static_cast<std::uint8_t>(text[0] - '0');
}

bool is_connection_type(std::string_view text) noexcept {
  return text.size() == 1 && std::string_view("WLHEU").find(text) != std::string_view::npos;
}

std::size_t characters_in(std::string_view text) noexcept {
  return static_cast<std::size_t>(
    std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void append_json_text(std::string& out, std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += hex[static_cast<std::size_t>(c) >> 4U];
      out += hex[static_cast<std::size_t>(c) & 0xFU];
    } else {
      out += c;
    }
  }
  out += '"';
}

} // namespace gridtwin
