#include "src/commands/export.hpp"
#include "src/commands/sorted_readings.hpp"

#include <string>

namespace gridtwin {

result<void> export_readings(store_view& view, const export_scope& scope, table_writer& out) {
  out.header({{"mpan"}, {"quantity"}, {"period_end"}, {"wh", true}, {"quality"}, {"reason"}, {"version", true}});
  sorted_readings readings(view, scope);
  if (auto gathered = readings.gather(); !gathered)
    return gathered;
  return readings.for_each([&](connection_index c, quantity q, std::span<const standing_half_hour> half_hours) {
    const std::string meter = to_string(view.estate().connections[c.value].mpan);
    for (const standing_half_hour& one : half_hours) {
      const std::uint8_t reason = one.content.reasons.estimation;
      out.row({meter, name_of(q), format_period(one.period), std::to_string(one.content.wh),
               name_of(one.content.quality), reason == 0 ? std::string() : std::to_string(reason),
               std::to_string(one.version)});
    }
    return result<void>();
  });
}

} // namespace gridtwin
