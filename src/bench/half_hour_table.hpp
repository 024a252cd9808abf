#pragma once

#include "src/commands/store_view.hpp"
#include "twins/load_shape.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gridtwin {

/// Half hours of meters that a table may have: 8 bytes each.
inline constexpr std::size_t largest_half_hour_table = 16'000'000;

/// Active import of a store's meters that is actual, all of it at hand, for measures that ask for any half hour.
struct half_hour_table {
  static constexpr std::int64_t none = -1;

  struct row {
    gridtwin::mpan mpan;
    shape_category category;      ///< of its last connection
    std::vector<std::int64_t> wh; ///< by half hour of the table, `none` where there is no actual
  };

  period first; ///< begins a local date, as the end of the table does
  std::size_t half_hours = 0;
  std::vector<row> rows; ///< by MPAN

  /// Half hours that are actual.
  std::uint64_t actuals() const noexcept;
  period at(std::size_t position) const noexcept { return {first.number + static_cast<std::int32_t>(position)}; }
  /// Nothing outside of the table.
  std::optional<std::size_t> position_of(period p) const noexcept {
    const std::int64_t position = std::int64_t{p.number} - first.number;
    const bool inside = position >= 0 && position < static_cast<std::int64_t>(half_hours);
    return inside ? std::optional(static_cast<std::size_t>(position)) : std::nullopt;
  }
};

/// Error: nothing is stored, or more than `largest_half_hour_table`, or the store could not be read.
result<half_hour_table> read_half_hours(store_view& view);

} // namespace gridtwin
