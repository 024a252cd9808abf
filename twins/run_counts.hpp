#pragma once

#include "twins/codes.hpp"
#include "twins/meter_twin.hpp"

#include <array>
#include <cstdint>

namespace gridtwin {

/// What became of the readings that were offered: each is in exactly one count. Signed, for a reading that was accepted
/// in one batch may be contradicted in a later one of the same run, and then counts as a conflict.
struct run_counts {
  std::array<std::int64_t, verdict_count> by_verdict{};
  std::array<std::int64_t, quantity_count> energy_wh{}; ///< of accepted readings
  std::int64_t rounded = 0;
  std::int64_t ambiguous_local_times = 0;
  std::int64_t drifted = 0; ///< written some seconds off their half hour, and put on it
  /// Of readings that were accepted, and of those that contradict one another.
  std::array<std::int64_t, warning_count> warnings{};

  std::int64_t of(verdict v) const noexcept { return by_verdict[index_of(v)]; }

  /// Counts a reading that reached its twin.
  void add(const assessment& a, quantity q, std::int64_t wh) noexcept {
    ++by_verdict[index_of(a.verdict)];
    if (a.verdict == verdict::accepted)
      energy_wh[index_of(q)] += wh;
    if (!a.withdraws)
      return;
    --by_verdict[index_of(verdict::accepted)];
    ++by_verdict[index_of(verdict::conflict)];
    energy_wh[index_of(q)] -= a.withdrawn_wh;
  }

  /// Counts what somebody should look at.
  void warn(const reading& r, const connection& meter, const rule_limits& limits) noexcept {
    using enum warning;
    warnings[index_of(over_alarm)] += warns<over_alarm>(r, meter, limits) ? 1 : 0;
    warnings[index_of(deenergised_consumption)] += warns<deenergised_consumption>(r, meter, limits) ? 1 : 0;
  }

  run_counts& operator+=(const run_counts& other) noexcept {
    for (std::size_t i = 0; i < by_verdict.size(); ++i)
      by_verdict[i] += other.by_verdict[i];
    for (std::size_t i = 0; i < energy_wh.size(); ++i)
      energy_wh[i] += other.energy_wh[i];
    rounded += other.rounded;
    ambiguous_local_times += other.ambiguous_local_times;
    drifted += other.drifted;
    for (std::size_t i = 0; i < warnings.size(); ++i)
      warnings[i] += other.warnings[i];
    return *this;
  }

  std::int64_t readings() const noexcept {
    std::int64_t sum = 0;
    for (const std::int64_t n : by_verdict)
      sum += n;
    return sum;
  }
  std::int64_t quarantined() const noexcept {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < by_verdict.size(); ++i)
      sum += is_quarantined(static_cast<verdict>(i)) ? by_verdict[i] : 0;
    return sum;
  }
};

} // namespace gridtwin
