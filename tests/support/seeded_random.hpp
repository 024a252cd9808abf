#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin::testing {

/// Numbers that are the same on every machine: the generator is the standard's, the reduction is ours.
class seeded_random {
public:
  explicit seeded_random(std::uint64_t seed) : generator_(seed) {}

  std::uint64_t bits() { return generator_(); }

  /// 0 up to, not including, `limit`, which is above 0.
  std::uint64_t below(std::uint64_t limit) { return generator_() % limit; }

  /// `first` to `last`, both included.
  template <class Integer>
  Integer between(Integer first, Integer last) {
    const std::uint64_t width = static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) + 1;
    return static_cast<Integer>(static_cast<std::uint64_t>(first) + (width == 0 ? bits() : below(width)));
  }

  bool chance(std::uint64_t of, std::uint64_t in) { return below(in) < of; }

  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(below(from.size()))];
  }

  template <class T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i)
      std::swap(items[i - 1], items[static_cast<std::size_t>(below(i))]);
  }

  std::string bytes(std::size_t size) {
    std::string out(size, '\0');
    std::generate(out.begin(), out.end(), [&] { return static_cast<char>(below(256)); });
    return out;
  }

private:
  std::mt19937_64 generator_;
};

} // namespace gridtwin::testing
