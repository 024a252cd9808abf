#include "src/ingest/transformer_groups.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <utility>

namespace gridtwin {

namespace {

constexpr int digit_bits = 11;
constexpr std::size_t digit_values = std::size_t{1} << digit_bits;

/// A stable radix sort of `transformer << 32 | place`, lowest digit first, over the digits in which they differ.
std::vector<std::uint64_t> sorted_keys(const std::vector<std::uint32_t>& transformers, std::uint32_t least,
                                       std::uint32_t most) {
  std::vector<std::uint64_t> keys(transformers.size());
  for (std::size_t i = 0; i < keys.size(); ++i)
    keys[i] = std::uint64_t{transformers[i] - least} << 32 | i;
  std::vector<std::uint64_t> other(keys.size());
  const auto bits = static_cast<int>(std::bit_width(most - least));
  for (int shift = 32; shift < 32 + bits; shift += digit_bits) {
    std::array<std::uint32_t, digit_values> next{};
    const auto digit = [shift](std::uint64_t key) { return (key >> shift) & (digit_values - 1); };
    for (const std::uint64_t key : keys)
      ++next[digit(key)];
    std::uint32_t total = 0;
    for (std::uint32_t& count : next)
      total += std::exchange(count, total);
    for (const std::uint64_t key : keys)
      other[next[digit(key)]++] = key;
    keys.swap(other);
  }
  return keys;
}

} // namespace

void group_by_transformer(std::vector<sourced_reading>& readings, std::vector<std::uint32_t>& transformers,
                          std::vector<reading_batch::slice>& slices) {
  slices.clear();
  if (readings.empty())
    return;
  if (!std::is_sorted(transformers.begin(), transformers.end())) {
    const auto [least, most] = std::minmax_element(transformers.begin(), transformers.end());
    const auto keys = sorted_keys(transformers, *least, *most);
    std::vector<sourced_reading> grouped;
    grouped.reserve(readings.size());
    const std::uint32_t base = *least;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      grouped.push_back(readings[keys[i] & 0xFFFF'FFFF]);
      transformers[i] = static_cast<std::uint32_t>(keys[i] >> 32) + base;
    }
    readings.swap(grouped);
  }
  for (std::uint32_t i = 0; i < transformers.size(); ++i)
    if (i == 0 || transformers[i] != transformers[i - 1])
      slices.push_back({{transformers[i]}, i});
}

} // namespace gridtwin
