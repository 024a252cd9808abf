#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace gridtwin {

/// Copies text and gives the place after it.
inline char* put(char* out, std::string_view text) noexcept {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

/// Exactly `digits` decimal digits, leading zeros included.
inline char* put_fixed(char* out, std::uint64_t value, int digits) noexcept {
  for (int i = digits; i-- > 0; value /= 10)
    out[i] = static_cast<char>('0' + value % 10);
  return out + digits;
}

/// A whole number without leading zeros.
inline char* put_number(char* out, std::uint64_t value) noexcept {
  int digits = 1;
  for (std::uint64_t rest = value / 10; rest > 0; rest /= 10)
    ++digits;
  return put_fixed(out, value, digits);
}

/// Watt-hours as kWh with three decimals: `-0.123`.
inline char* put_kwh(char* out, std::int64_t wh) noexcept {
  if (wh < 0) {
    *out++ = '-';
    wh = -wh;
  }
  out = put_number(out, static_cast<std::uint64_t>(wh) / 1000);
  *out++ = '.';
  return put_fixed(out, static_cast<std::uint64_t>(wh) % 1000, 3);
}

} // namespace gridtwin
