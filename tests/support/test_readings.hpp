#pragma once

#include "tests/support/seeded_random.hpp"
#include "twins/estate.hpp"
#include "twins/reading.hpp"

#include <cstdint>
#include <string_view>
#include <tuple>
#include <vector>

namespace gridtwin::testing {

/// The n-th of MPANs with good check digits, ascending in n.
inline mpan test_mpan(std::uint64_t n) {
  const std::uint64_t first_twelve = 100'000'000'000 + n;
  return {first_twelve * 10 + static_cast<std::uint64_t>(check_digit(first_twelve))};
}

inline quality quality_named(std::string_view name) { return parse_quality(name).value(); }

inline content actual_of(std::int64_t wh) { return {wh, actual, {}}; }

inline content estimate_of(std::int64_t wh, std::string_view quality_name = "E1", std::uint8_t reason = 2) {
  return {wh, quality_named(quality_name), {reason, 0}};
}

inline auto key_of(const content& c) {
  return std::tuple(c.wh, c.quality.code, c.reasons.estimation, c.reasons.amendment);
}
using content_key = std::tuple<std::int64_t, std::uint8_t, std::uint8_t, char>;

/// Contents that a meter's rules accept, compact and not, some of them different in one thing only.
inline std::vector<content> few_contents() {
  return {actual_of(0),
          actual_of(5),
          actual_of(6),
          actual_of(0xFFFF),
          actual_of(0x10000),
          estimate_of(5),
          estimate_of(5, "E2"),
          estimate_of(5, "E1", 3),
          {5, quality_named("A1"), {}},
          {5, actual, {9, 'T'}},
          estimate_of(0, "ZE1", 7)};
}

/// A connection whose rules object to little.
inline connection test_connection(std::uint64_t n = 1) {
  connection c;
  c.mpan = test_mpan(n);
  c.type = connection_type::low_voltage;
  c.quantities = 0x0F;
  return c;
}

} // namespace gridtwin::testing
