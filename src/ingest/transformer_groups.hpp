#pragma once

#include "twins/reading_batch.hpp"

#include <cstdint>
#include <vector>

namespace gridtwin {

/// Puts readings into the order of their transformers (`transformers[i]` is that of `readings[i]`), those of one in the
/// order they have, and notes where each begins. Linear in the number of readings. `transformers` is used up.
void group_by_transformer(std::vector<sourced_reading>& readings, std::vector<std::uint32_t>& transformers,
                          std::vector<reading_batch::slice>& slices);

} // namespace gridtwin
