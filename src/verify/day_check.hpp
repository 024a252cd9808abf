#pragma once

#include "src/store/transformer_day_reader.hpp"
#include "src/verify/reading_sum.hpp"
#include "src/verify/store_faults.hpp"
#include "twins/codes.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <utility>

namespace gridtwin {

/// Watt-hours (reactive: var-hours) of current values by UTC day and quantity: nothing where there is none.
using energy_by_day = std::map<std::pair<std::int32_t, quantity>, std::int64_t>;

/// Holds a transformer's days against what the store keeps of them: what its feeders are said to carry, its nodes in
/// the day's hash trees, which half hours are there.
class day_check {
public:
  /// `cut`: all that is known. Both outlive this.
  day_check(const store_cut& cut, transformer_index t, store_faults& faults)
    : cut_(cut), transformer_(t), reader_(cut, t), faults_(&faults) {}

  struct kept_day {
    utc_day day;
    bool summarised = false;
    bool contradicted = false;
  };

  /// Reads the day's readings and sums up from each meter. Returns the sum of the readings' hashes. Error: the store
  /// cannot be read.
  result<reading_sum> check(const kept_day& kept);

  /// Of the days that were checked, from the meters' values.
  const energy_by_day& energy() const noexcept { return energy_; }

private:
  /// Of current values, by quantity and half hour.
  using wh_by_quantity = std::array<std::array<std::int64_t, periods_per_day>, quantity_count>;

  wh_by_quantity sum_meters(utc_day day, bool& contradicted);
  result<void> check_loads(utc_day day, const wh_by_quantity& meters);
  result<void> check_summary(utc_day day, const wh_by_quantity& meters);
  void fault(utc_day day, std::string what);

  store_cut cut_;
  transformer_index transformer_;
  transformer_day_reader reader_;
  store_faults* faults_;
  energy_by_day energy_;
};

} // namespace gridtwin
