#pragma once

#include "src/store/commit.hpp"
#include "twins/estate.hpp"
#include "twins/gaps.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// A gap of a meter, within the ranges in which the meter is connected at all.
struct meter_gap {
  connection_index connection; ///< whose range holds the first missing half hour
  gridtwin::quantity quantity = quantity::active_import;
  gap missing;
};

/// Meters whose connections hang on more than one transformer: their gaps cannot be found transformer by transformer.
/// Sorted.
std::vector<mpan> meters_across_transformers(const estate& e);

/// Sorts ranges and joins those that adjoin, so that a gap across a change of supplier stays one.
void join_ranges(std::vector<period_range>& ranges);

/// Finds gaps from the masks of days, given in ascending order: of the connections of one transformer, or of those of a
/// meter that moved from one to another. Connections of one MPAN count as one meter.
class gap_scan {
public:
  using found_function = std::function<void(const meter_gap&)>;

  /// `connections`: positions in the estate.
  gap_scan(const estate& e, std::span<const connection_index> connections, found_function found);

  /// A day's mask of one connection (by its position in the span given above).
  void add(std::size_t place, quantity q, std::uint64_t mask);
  /// Ends a day; days ascend.
  void end_day(utc_day day);

private:
  struct row {
    std::uint64_t today = 0;
    gap_finder finder;
  };
  struct meter {
    connection_index first;
    std::vector<period_range> ranges;          ///< empty: a single connection, whose readings all lie in its range
    std::vector<connection_index> connections; ///< where a row is not for ever
    std::array<row, quantity_count> rows;
  };

  connection_index connection_at(const meter& m, period p) const;

  const estate* estate_;
  found_function found_;
  std::vector<std::uint32_t> meter_of_;
  std::vector<meter> meters_;
  std::vector<std::uint32_t> touched_;
};

} // namespace gridtwin
