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

bool is_of_message(verdict v) noexcept {
  switch (v) {
  case verdict::unparseable:
  case verdict::unknown_meter:
  case verdict::unknown_quantity:
  case verdict::off_grid:
  case verdict::duration:
  case verdict::day_not_midnight:
  case verdict::duplicate_in_message:
  case verdict::overlap:
  case verdict::label_suspect:
  case verdict::wrong_event:
  case verdict::status:
  case verdict::before_connection:
    return true;
  default:
    return false;
  }
}

std::string objection_text(verdict v, const if021_message& m) {
  const std::string meter = to_string(m.consumption.mpan);
  switch (v) {
  case verdict::unparseable:
    return "sp is outside the years 1970 to 2199";
  case verdict::unknown_meter:
    return parse_mpan(meter) ? "no meter of the estate has the MPAN " + meter
                             : "MPANCore " + meter + " has a wrong check digit";
  case verdict::unknown_quantity:
    return "the estate lists no " + std::string(name_of(m.consumption.quantity)) + " for this meter";
  case verdict::off_grid:
    return "sp is not the end of a half hour of its settlementDayDate";
  case verdict::duration:
    return "periodDuration is not 30";
  case verdict::day_not_midnight:
    return "settlementDayDate is not at 00:00:00";
  case verdict::duplicate_in_message:
    return "the message has this sp more than once";
  case verdict::overlap:
    return "the message has another half hour that overlaps";
  case verdict::label_suspect:
    return "the day runs from 00:00 to 23:30: sp must be the ends of half hours, not their starts";
  case verdict::wrong_event:
    return "eventCode is not that of " + std::string(name_of(m.consumption.quantity));
  case verdict::before_connection:
    return "sp lies before connectionTypeEffectiveFromDate";
  default:
    return std::string(name_of(v));
  }
}

std::vector<verdict> objections_to(const if021_message& m) {
  const connection meter = any_meter(m);
  message_context context;
  context.rows = {&meter, 1};
  std::vector<verdict> out;
  for (const entry_outcome& outcome : check_message(m.consumption, context, no_limits()))
    out.push_back(outcome.verdict);
  return out;
}

std::vector<message_fault> faults_by_rule(const if021_message& m, std::string_view root, std::size_t most) {
  std::vector<message_fault> out;
  const std::vector<verdict> objections = objections_to(m);
  std::size_t number = 0;
  for (std::size_t day = 0; day < m.consumption.days.size(); ++day)
    for (std::size_t entry = 0; entry < m.consumption.days[day].entries.size(); ++entry, ++number) {
      const verdict v = objections[number];
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
