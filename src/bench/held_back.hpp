#pragma once

#include "src/bench/half_hour_table.hpp"

#include <compare>
#include <cstdint>
#include <vector>

namespace gridtwin {

/// A half hour whose actual is kept from those who estimate it.
struct held_half_hour {
  std::uint32_t row = 0;      ///< of the table
  std::uint32_t position = 0; ///< in the row
  auto operator<=>(const held_half_hour&) const = default;
};

/// So many actual half hours, each as likely as any other; ascending. The same seed gives the same, on any machine.
/// Error: fewer than ten times as many are there.
result<std::vector<held_half_hour>> hold_back_single(const half_hour_table& table, std::uint32_t count,
                                                     std::uint64_t seed);
/// Whole local dates of a meter, of which every half hour is actual, until they have that many half hours or just more.
/// Dates that follow one another make a longer gap, where chance has it so.
result<std::vector<held_half_hour>> hold_back_dates(const half_hour_table& table, std::uint32_t count,
                                                    std::uint64_t seed);

} // namespace gridtwin
