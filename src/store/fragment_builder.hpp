#pragma once

#include "src/store/day_codec.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gridtwin {

/// Gathers readings of one transformer and day, one by one and in any order, into a fragment. Of the contents of a key
/// that has several, the first that can has the compact place.
class fragment_builder {
public:
  void add(const stored_reading& r);
  bool empty() const noexcept { return rows_.empty() && exceptions_.empty(); }
  /// Not packed.
  std::string encode();

private:
  struct values {
    std::uint64_t mask = 0;
    std::array<std::uint16_t, periods_per_day> wh{};
  };
  std::map<std::uint64_t, values> rows_; ///< by `row_number`
  std::vector<stored_reading> exceptions_;
};

} // namespace gridtwin
