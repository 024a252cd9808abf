#include "src/messages/message_checks.hpp"

#include "src/messages/message_fields.hpp"

#include <limits>

namespace gridtwin {

namespace {

/// The field of a half hour, of its day or of the message that a verdict speaks of.
std::string path_of(verdict v, std::string_view root, std::size_t day, std::size_t entry) {
  const std::string custom = std::string(root) + ".payload.CustomBlock.";
  const std::string of_day = custom + "B900.settlementDayConsumptionPeriods[" + std::to_string(day) + "].";
  const std::string of_entry = of_day + "consumptionPeriods[" + std::to_string(entry) + "].";
  switch (v) {
  case verdict::duration:
    return of_day + "settlementDay.periodDuration";
  case verdict::day_not_midnight:
    return of_day + "settlementDay.settlementDayDate";
  case verdict::wrong_event:
    return custom + "B900.MQID.measurementQuantityID";
  case verdict::before_connection:
    return custom + "B067.connectionTypeEffectiveFromDate";
  case verdict::negative:
  case verdict::over_maximum:
  case verdict::zero_estimate_not_zero:
    return of_entry + "v";
  case verdict::reason_missing:
    return of_entry + "e";
  case verdict::amendment_reason_missing:
    return of_entry + "arc";
  default:
    return of_entry + "sp";
  }
}

/// A meter to which nothing but the message itself can object.
connection any_meter(const if021_message& m) {
  connection out;
  out.mpan = m.consumption.mpan;
  out.type = m.envelope.connection;
  out.quantities = mask_of(m.consumption.quantity);
  return out;
}

rule_limits no_limits() {
  rule_limits out;
  for (auto& of_type : out.energy)
    for (energy_limit& one : of_type)
      one = {std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::max()};
  return out;
}

} // namespace

std::string verdict_with_code(verdict v) {
  const std::string_view code = ecs_code_of(v);
  return std::string(name_of(v)) + (code.empty() ? "" : " (" + std::string(code) + ")");
}

std::vector<message_fault> faults_by_rule(const if021_message& m, std::string_view root, std::size_t most) {
  std::vector<message_fault> out;
  const connection meter = any_meter(m);
  message_context context;
  context.rows = {&meter, 1};
  const auto outcomes = check_message(m.consumption, context, no_limits());
  std::size_t number = 0;
  for (std::size_t day = 0; day < m.consumption.days.size(); ++day)
    for (std::size_t entry = 0; entry < m.consumption.days[day].entries.size(); ++entry, ++number) {
      const verdict v = outcomes[number].verdict;
      if (v == verdict::accepted)
        continue;
      if (out.size() == most) {
        out.push_back({"$", "has more faults than these"});
        return out;
      }
      message_fault fault{path_of(v, root, day, entry), "breaks the rule " + verdict_with_code(v)};
      // Of what is wrong with a whole day or message each of its half hours would say so again.
      if (out.empty() || fault != out.back())
        out.push_back(std::move(fault));
    }
  return out;
}

} // namespace gridtwin
