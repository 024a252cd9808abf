#pragma once

#include "twins/estate.hpp"
#include "twins/mpan.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// What an estate says of meters that have several rows. Pure.
class meter_rows {
public:
  explicit meter_rows(const estate& e);

  /// The ranges in which a meter is connected, joined where they adjoin, ascending; empty where it is connected
  /// without an interruption or has one row alone.
  const std::vector<period_range>& interrupted(mpan meter) const noexcept;

  /// The shards that its rows are in, the one of its last row first; empty where they are in one.
  const std::vector<std::uint32_t>& shards(mpan meter) const noexcept;

private:
  std::unordered_map<std::uint64_t, std::vector<period_range>> interrupted_;
  std::unordered_map<std::uint64_t, std::vector<std::uint32_t>> shards_;
};

} // namespace gridtwin
