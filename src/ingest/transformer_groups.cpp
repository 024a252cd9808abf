#include "src/ingest/transformer_groups.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <utility>

namespace gridtwin {

namespace {

constexpr int least_digit_bits = 8;
constexpr int most_digit_bits = 16;

/// A stable radix sort of `transformer << 32 | place`, lowest digit first, over the digits in which they differ.
std::vector<std::uint64_t> sorted_keys(const std::vector<std::uint32_t>& transformers, std::uint32_t least,
                                       std::uint32_t most) {
  std::vector<std::uint64_t> keys(transformers.size());
  for (std::size_t i = 0; i < keys.size(); ++i)
    keys[i] = std::uint64_t{transformers[i] - least} << 32 | i;
  std::vector<std::uint64_t> other(keys.size());
  const auto bits = static_cast<int>(std::bit_width(most - least));
  // A digit has at most about as many values as there are keys: with a block's readings one pass does for most estates.
  const int widest = std::clamp(static_cast<int>(std::bit_width(keys.size())), least_digit_bits, most_digit_bits);
  const int digit_bits = std::min(widest, bits);
  const std::uint64_t digit_mask = (std::uint64_t{1} << digit_bits) - 1;
  std::vector<std::uint32_t> next;
  for (int shift = 32; shift < 32 + bits; shift += digit_bits) {
    next.assign(digit_mask + 1, 0);
    const auto digit = [shift, digit_mask](std::uint64_t key) { return (key >> shift) & digit_mask; };
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
