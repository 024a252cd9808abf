#pragma once

#include "twins/counter_random.hpp"

#include <cstdint>

namespace gridtwin {

/// Independent uses of one seed. Never renumber: files of earlier versions must stay reproducible.
enum class random_stream : std::uint64_t {
  transformer_size = 1,
  transformer_shape = 2,
  meter_number = 3,
  meter_kind = 4,
  household = 5,
  weather = 6,
  faults = 7,
  outages = 8,
  row_order = 9,
  held_back = 10,
};

/// The key of one use of a seed.
constexpr std::uint64_t key_of(std::uint64_t seed, random_stream stream) noexcept {
  return draw(mix64(seed ^ 0x6772696474776E21ULL), static_cast<std::uint64_t>(stream));
}

} // namespace gridtwin
