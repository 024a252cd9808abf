#pragma once

#include "actors/hosted_twins.hpp"
#include "src/store/day_codec.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace gridtwin {

/// Which of the readings that twins hold.
enum class held_part : std::uint8_t { all, of_earlier_runs, of_this_run };

/// A day of all twins of a transformer, as they hold it in memory, as one fragment, not packed; empty where there is
/// nothing. `slots`: of the transformer's connections, by place.
std::string encode_held_day(const hosted_twins& twins, std::span<const twin_slot> slots, utc_day day, held_part which);

} // namespace gridtwin
