#pragma once

#include "twins/appointments.hpp"
#include "twins/estate.hpp"
#include "twins/reading.hpp"

#include <cstdint>
#include <optional>
#include <span>

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

inline std::int64_t rule_limits::maximum_wh(connection_type type) const noexcept {
  if (type == connection_type::whole_current) // nearly all
    return whole_current_wh;
  if (type == connection_type::low_voltage)
    return low_voltage_wh;
  if (type == connection_type::high_voltage)
    return high_voltage_wh;
  return type == connection_type::extra_high ? extra_high_wh : unmetered_wh;
}

/// What a twin checks of a reading by itself, in the contract's order (groups 6 to 9). Nothing: no rule objects. Here,
/// in the header, because it is asked for every reading and the call would cost as much as the answer.
/// `appointed`: the meter's appointments, see `is_appointed`.
inline std::optional<verdict> broken_rule(const reading& r, const connection& meter, const rule_limits& limits,
                                          std::span<const period_range> appointed = {}) noexcept {
  const content& c = r.content;
  if (c.wh < 0)
    return verdict::negative;
  if (c.wh > limits.maximum_wh(meter.type))
    return verdict::over_maximum;
  if (c.quality != actual || c.reasons != reasons{}) {
    if (is_zero_estimate(c.quality) && c.wh != 0)
      return verdict::zero_estimate_not_zero;
    if (!is_actual(c.quality) && c.reasons.estimation == 0)
      return verdict::reason_missing;
    if (c.reasons.estimation == estimation_amended && c.reasons.amendment == 0)
      return verdict::amendment_reason_missing;
  }
  if (!meter.effective.contains(r.period) || !is_appointed(appointed, r.period))
    return verdict::not_appointed;
  if (!meter.energised && !is_actual(c.quality))
    return verdict::deenergised_estimate;
  if (limits.as_of_s && r.period.end_s() > *limits.as_of_s)
    return verdict::future;
  return std::nullopt;
}

/// Whether a meter's usual readings can be judged by their content alone (`usual_content_stands`): it is whole-current,
/// energised, on its feeder and appointed for ever, and no reading is in the future.
inline bool is_usual_meter(const connection& meter, const rule_limits& limits,
                           std::span<const period_range> appointed = {}) noexcept {
  return meter.type == connection_type::whole_current && meter.energised && meter.effective == period_range{}
         && appointed.empty() && !limits.as_of_s;
}

/// The same as `!broken_rule` for a meter of the usual kind, where the reading is an actual one; false leaves it to
/// `broken_rule`. Needs no look at the meter, which is worth a cache miss a reading.
inline bool usual_content_stands(const content& c, const rule_limits& limits) noexcept {
  return c.wh >= 0 && c.wh <= limits.whole_current_wh && c.quality == actual && c.reasons == reasons{};
}

} // namespace gridtwin
