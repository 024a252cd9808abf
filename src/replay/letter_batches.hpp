#pragma once

#include "src/ingest/meter_index.hpp"
#include "src/store/dead_letters.hpp"
#include "twins/reading_batch.hpp"

#include <span>
#include <vector>

namespace gridtwin {

/// Dead letters as readings on their way to their twins, in the order given, each with its own source, line and raw
/// text, so that it is the same input as when it came first. Letters of meters that the estate does not know are left
/// out.
std::vector<reading_batch> batches_of(std::span<const kept_letter> letters, const meter_index& meters);

} // namespace gridtwin
