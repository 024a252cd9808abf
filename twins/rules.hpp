#pragma once

#include "twins/estate.hpp"
#include "twins/reading.hpp"

#include <cstdint>
#include <optional>

namespace gridtwin {

/// Limits that the rules compare with. Defaults are ours where the industry publishes none (domain notes, 3.4).
struct rule_limits {
  /// Largest energy of a half hour that is believed (ECS1012), by connection type. Whole-current meters are fused at
  /// 100 A a phase, 34.5 kWh on three phases; the others are generous bounds of their voltage level.
  std::int64_t whole_current_wh = 60'000;
  std::int64_t low_voltage_wh = 1'000'000;
  std::int64_t high_voltage_wh = 20'000'000;
  std::int64_t extra_high_wh = 500'000'000;
  std::int64_t unmetered_wh = 10'000'000;
  /// "Now", for rules that need one; without it no reading is in the future.
  std::optional<std::int64_t> as_of_s;

  std::int64_t maximum_wh(connection_type type) const noexcept;
};

/// What a twin checks of a reading by itself, in the contract's order (groups 6 to 9). Nothing: no rule objects.
std::optional<verdict> broken_rule(const reading& r, const connection& meter, const rule_limits& limits) noexcept;

} // namespace gridtwin
