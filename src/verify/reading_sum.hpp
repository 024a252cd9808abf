#pragma once

#include "src/store/commit.hpp"
#include "src/store/day_codec.hpp"

#include <cstdint>

namespace gridtwin {

/// The sum of the hashes of readings, each with the place that it belongs to: two sets have the same sum where they are
/// the same, and by chance in one of 2^128 cases where they are not, whatever order they come in. It finds what is
/// lost, doubled or changed; it is no proof against who can choose what stands in both sets.
class reading_sum {
public:
  /// `twin` of the reading: its slot of that transformer. Source and line do not count.
  void add(transformer_number t, const stored_reading& r) noexcept;

  std::uint64_t count() const noexcept { return count_; }
  bool operator==(const reading_sum&) const = default;

private:
  std::uint64_t count_ = 0;
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

} // namespace gridtwin
