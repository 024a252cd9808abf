#pragma once

#include "twins/estate.hpp"
#include "twins/load.hpp"
#include "twins/period.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace gridtwin {

/// When a transformer's alarm begins and ends, in hundredths of its rating. `clear` below `raise`: a load that stays
/// about the rating is one alarm, not many.
struct overload_limits {
  std::uint32_t raise_pct = 100; ///< begins with a half hour above this
  std::uint32_t clear_pct = 95;  ///< ends with one below this
};

/// A half hour of a transformer, as far as it is known.
struct transformer_half_hour {
  gridtwin::period period;
  half_hour_load load;        ///< what is believed of it; nothing is known where no meter reported
  std::uint32_t expected = 0; ///< meters
};

/// A stretch above the limits.
struct overload {
  period first;                 ///< above `raise_pct`
  period last;                  ///< the last half hour known not to be below `clear_pct`
  bool over = false;            ///< a half hour below `clear_pct` is known behind it
  std::uint32_t half_hours = 0; ///< that are known, of first to last
  transformer_half_hour peak;   ///< the largest; the earliest of equal ones
  bool operator==(const overload& other) const noexcept {
    return first == other.first && last == other.last && over == other.over && half_hours == other.half_hours
           && peak.period == other.peak.period && peak.load == other.peak.load && peak.expected == other.peak.expected;
  }
};

/// Share of the rating in hundredths of a per cent, rounded half to even: kVA = |import - export| Wh / 500 / power
/// factor, as `export transformer-load` has it.
std::int64_t utilisation_bp(const transformer_info& transformer, const half_hour_load& load) noexcept;

/// Overloads of a transformer, in order. `half_hours`: ascending; one of which nothing is known neither begins nor ends
/// an overload. A function of its inputs: late and corrected readings give other figures, and so other overloads.
std::vector<overload> find_overloads(const transformer_info& transformer, overload_limits limits,
                                     std::span<const transformer_half_hour> half_hours);

} // namespace gridtwin
