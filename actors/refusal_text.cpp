#include "actors/refusal_text.hpp"

#include <string_view>

namespace gridtwin {

std::string refusal_text(verdict v, const sourced_reading& r, const rule_limits& limits, const connection& meter) {
  const std::string value = std::to_string(r.wh) + " Wh";
  switch (v) {
  case verdict::negative:
    return value + " is below 0";
  case verdict::over_maximum:
    return value + " is above the " + std::to_string(limits.of(meter.type, meter.segment).maximum_wh)
           + " Wh of its connection type";
  case verdict::zero_estimate_not_zero:
    return value + " with quality " + std::string(name_of(r.quality));
  case verdict::reason_missing:
    return "an estimate (" + std::string(name_of(r.quality)) + ") without a reason";
  case verdict::amendment_reason_missing:
    return "reason 9 without an amendment reason";
  case verdict::not_appointed:
    return meter.effective.contains(r.period) ? "the half hour is outside the meter's appointments in appointments.csv"
                                              : "the half hour is outside the meter's range in meters.csv";
  case verdict::deenergised_estimate:
    return "an estimate for a de-energised meter";
  case verdict::future:
    return "the half hour ends after --as-of";
  case verdict::past_final_run:
    return "the final reconciliation of its settlement date had passed at --as-of";
  default:
    return std::string(ecs_code_of(v));
  }
}

} // namespace gridtwin
