#include "twins/rules.hpp"

namespace gridtwin {

std::int64_t rule_limits::maximum_wh(connection_type type) const noexcept {
  switch (type) {
  case connection_type::whole_current:
    return whole_current_wh;
  case connection_type::low_voltage:
    return low_voltage_wh;
  case connection_type::high_voltage:
    return high_voltage_wh;
  case connection_type::extra_high:
    return extra_high_wh;
  case connection_type::unmetered:
    return unmetered_wh;
  }
  return whole_current_wh;
}

std::optional<verdict> broken_rule(const reading& r, const connection& meter, const rule_limits& limits) noexcept {
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
  if (!meter.effective.contains(r.period))
    return verdict::not_appointed;
  if (!meter.energised && !is_actual(c.quality))
    return verdict::deenergised_estimate;
  if (limits.as_of_s && r.period.end_s() > *limits.as_of_s)
    return verdict::future;
  return std::nullopt;
}

} // namespace gridtwin
