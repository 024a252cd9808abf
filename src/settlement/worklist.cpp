#include "src/settlement/worklist.hpp"

#include <algorithm>
#include <tuple>

namespace gridtwin {

namespace {

bool continues(const work_item& item, const settled_estimate& e) {
  const bool same_method =
    e.made ? item.method == e.made->method && item.exceptions == e.made->exceptions : !item.method.has_value();
  return item.first_place + item.half_hours == e.place && item.cause == e.cause && item.refusal == e.refusal
         && same_method;
}

std::string remedy_of_refusal(verdict v) {
  switch (v) {
  case verdict::not_appointed:
    return "mend appointments.csv or the meter's range in meters.csv and replay the source";
  case verdict::negative:
  case verdict::over_maximum:
    return "check the value at the meter and send it corrected; or raise the limit in a rule pack and replay the "
           "source";
  case verdict::unknown_quantity:
    return "add the quantity to the meter's row in meters.csv and replay the source";
  case verdict::twin_failed:
    return "gridtwin deadletters shows the failure; when it is mended have the letter judged again";
  default:
    return "see export rejects for what was wrong; send the reading corrected";
  }
}

} // namespace

void list_work(const settled_transformer& t, std::vector<work_item>& out) {
  for (const settled_series& series : t.series) {
    bool grows = false;
    for (const settled_estimate& e : series.estimates) {
      if (e.cause == missing_cause::de_energised) {
        grows = false;
        continue;
      }
      if (!grows || !continues(out.back(), e)) {
        work_item item{series.connection, series.quantity, e.place, 0, 0, e.cause, e.refusal, {}, {}};
        if (e.made) {
          item.method = e.made->method;
          item.exceptions = e.made->exceptions;
        }
        out.push_back(std::move(item));
        grows = true;
      }
      ++out.back().half_hours;
      out.back().wh += series.half_hours[e.place - series.half_hours.front().place].content.wh;
    }
  }
}

void sort_work(const estate& e, std::vector<work_item>& items) {
  const auto key = [&](const work_item& item) {
    return std::tuple(-item.wh, e.connections[item.connection.value].mpan, name_of(item.quantity), item.first_place);
  };
  std::sort(items.begin(), items.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
}

std::string remedy_of(const work_item& item) {
  std::string out;
  switch (item.cause) {
  case missing_cause::not_received:
    out = "collect the meter's readings again; or give register reads from before and after in registers.csv";
    break;
  case missing_cause::contradicted:
    out = "send the right reading with a higher version";
    break;
  case missing_cause::refused:
    out = remedy_of_refusal(item.refusal.value_or(verdict::unparseable));
    break;
  case missing_cause::received_estimate:
    out = "collect the meter's actual readings";
    break;
  case missing_cause::de_energised:
    break;
  }
  const bool registers = std::any_of(item.exceptions.begin(), item.exceptions.end(), [](estimation_exception e) {
    return e <= estimation_exception::register_above_maximum && e != estimation_exception::register_without_shape;
  });
  if (registers)
    out += "; check the register reads around it";
  return out;
}

} // namespace gridtwin
