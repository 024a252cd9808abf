#pragma once

#include "src/store/bytes.hpp"
#include "src/store/transformer_day_reader.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

/// What was known of one meter, one quantity and one UTC day at a cut.
struct known_day {
  std::uint64_t actual = 0;                       ///< bit n: half hour n has a current value, an actual
  std::uint64_t estimated = 0;                    ///< bit n: it has one, an estimate that was received
  std::uint64_t contradicted = 0;                 ///< bit n: readings were received, and none stands
  std::array<std::int64_t, periods_per_day> wh{}; ///< where there is a current value
};

known_day known_day_of(const meter_day& readings) noexcept;

/// Days of a few of a transformer's twins as they were known at a cut, each read from the store when it is first asked
/// for. One thread.
class known_days {
public:
  known_days(const store_cut& cut, transformer_index t);

  /// Days of a twin will be asked for. Those that were read before are read again.
  void want(std::uint32_t place, quantity q);
  /// Nothing where nothing was known, or the store could not be read: see `outcome`.
  const known_day* of(std::uint32_t place, quantity q, utc_day day);
  /// Appends every day that was read, ascending, as far as it is of those that were wanted: equal bytes for equal
  /// facts.
  void write_to(byte_writer& out) const;
  /// Error: a day could not be read; what was answered since is worth nothing.
  const result<void>& outcome() const noexcept { return outcome_; }

private:
  using days_of_one = std::unordered_map<std::uint64_t, known_day>; ///< by place and quantity
  static std::uint64_t key_of(std::uint32_t place, quantity q) noexcept { return place * quantity_count + index_of(q); }

  transformer_day_reader reader_;
  std::vector<std::pair<std::uint32_t, quantity>> wanted_;
  std::map<utc_day, days_of_one> days_;
  result<void> outcome_;
};

} // namespace gridtwin
