#pragma once

#include <cstdint>

namespace gridtwin {

/// The finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection of 64 bits that leaves no visible pattern.
constexpr std::uint64_t mix64(std::uint64_t z) noexcept {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// The number at place `counter` of the sequence that starts at `key`. No state: any place is computed alone.
constexpr std::uint64_t draw(std::uint64_t key, std::uint64_t counter) noexcept {
  return mix64(key + (counter + 1) * 0x9E3779B97F4A7C15ULL);
}

/// A number in [0, bound), nearly uniform; `bound` below 2^32. Integers only, so that it is the same everywhere.
constexpr std::uint32_t below(std::uint64_t random, std::uint32_t bound) noexcept {
  return static_cast<std::uint32_t>(((random >> 32) * bound) >> 32);
}

} // namespace gridtwin
