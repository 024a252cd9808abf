#pragma once

#include "twins/load_shape.hpp"
#include "twins/mpan.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace gridtwin {

/// A cumulative register, read: so many Wh (varh) had passed by an instant.
struct register_read {
  std::int64_t at_s = 0; ///< seconds since the epoch
  std::int64_t wh = 0;   ///< 0 or more
  auto operator<=>(const register_read&) const = default;
};

/// Who says what a meter uses in a year: central settlement, from its own readings, or the supplier (SNAC), whose word
/// goes first for twelve months (domain notes 3.1, DI-152 H, the months M).
enum class annual_source : std::uint8_t { central, supplier };

/// What a meter is thought to use in a year, from a settlement date on.
struct annual_figure {
  civil_date from; ///< first local settlement date
  annual_source source = annual_source::central;
  annual_consumption consumption;
  auto operator<=>(const annual_figure& other) const noexcept {
    if (const auto order = from <=> other.from; order != 0)
      return order;
    return source <=> other.source;
  }
  bool operator==(const annual_figure& other) const noexcept {
    return from == other.from && source == other.source && consumption.wh == other.consumption.wh;
  }
};

/// The periods for which a data service is responsible for a meter.
struct appointment {
  std::string data_service_id;
  period_range effective;
};

/// What settlement knows of an estate's meters beside their half hours: the optional files of the estate. Each list is
/// sorted by meter, quantity and time.
struct settlement_inputs {
  template <class Value>
  struct row {
    gridtwin::mpan mpan;
    gridtwin::quantity quantity = gridtwin::quantity::active_import;
    Value value;
  };

  std::vector<row<register_read>> registers;
  std::vector<row<annual_figure>> annual;
  std::vector<row<appointment>> appointments; ///< whatever the quantity: it is active import
  /// From outside, by category and UTC day; half hours that the file does not have are without data.
  std::map<shape_category, std::map<utc_day, published_shape>> shapes;

  /// The rows of one meter and quantity.
  template <class Value>
  static std::span<const row<Value>> of(const std::vector<row<Value>>& rows, gridtwin::mpan m, gridtwin::quantity q) {
    const auto key = [](const row<Value>& r) { return std::pair(r.mpan.number, r.quantity); };
    const auto first = std::lower_bound(rows.begin(), rows.end(), std::pair(m.number, q),
                                        [&](const row<Value>& r, const auto& wanted) { return key(r) < wanted; });
    auto end = first;
    while (end != rows.end() && key(*end) == std::pair(m.number, q))
      ++end;
    return {first, end};
  }
};

} // namespace gridtwin
