#pragma once

#include "tests/support/test_readings.hpp"
#include "twins/message_rules.hpp"
#include "twins/meter_twin.hpp"

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace gridtwin::testing {

inline std::int64_t instant(std::string_view text) { return parse_instant(text).value(); }

/// A message of one day (the published ramp 9.901 to 9.948 kWh, domain notes 8), the meter that it is of, and a twin of
/// it that holds some readings already. Nothing of it breaks a rule.
struct message_scenario {
  static constexpr std::size_t entry = 20; ///< the one that tests bend; it ends 10:30

  message_scenario() {
    meter.mpan = {2000056535971};
    meter.quantities = 0x0F;
    message.mpan = meter.mpan;
    message.connection_from_s = instant("2020-01-01T00:00:00Z");
    message.days = {day_of("2026-06-15")};
    const reading before{
      quantity::active_import, {static_cast<std::int32_t>(instant("2026-06-15T12:00:00Z") / 1800)}, 1, actual_of(7)};
    (void)twin.assess(before, meter, limits);
  }

  static consumption_day day_of(std::string_view date) {
    consumption_day day;
    day.day_s = instant(date);
    for (int slot = 0; slot < periods_per_day; ++slot)
      day.entries.push_back({day.day_s + (slot + 1) * seconds_per_period, actual_of(9901 + slot)});
    return day;
  }

  consumption_day& day() { return message.days.front(); }
  consumption_entry& bent() { return day().entries[entry]; }

  message_context context() const {
    message_context out;
    out.rows = rows.empty() ? std::span(&meter, 1) : std::span(rows);
    if (appointed)
      out.appointed = *appointed;
    out.status = status;
    return out;
  }

  std::vector<verdict> verdicts() const {
    std::vector<verdict> out;
    for (const entry_outcome& o : check_message(message, context(), limits))
      out.push_back(o.verdict);
    return out;
  }

  /// As a receiver does it: what no rule objects to goes to the twin.
  void deliver() {
    std::size_t number = 0;
    const auto outcomes = check_message(message, context(), limits);
    for (const consumption_day& d : message.days)
      for (const consumption_entry& e : d.entries)
        if (const entry_outcome& o = outcomes[number++]; o.verdict == verdict::accepted)
          (void)twin.assess({message.quantity, {static_cast<std::int32_t>(e.end_s / seconds_per_period)}, 1, e.content},
                            context().rows[o.row], limits);
  }

  consumption_message message;
  connection meter;
  std::vector<connection> rows; ///< instead of the meter's only one
  std::optional<std::vector<period_range>> appointed;
  registration_status status = registration_status::operational;
  rule_limits limits;
  meter_twin twin;
};

/// All that a twin holds, to compare.
inline auto state_of(const meter_twin& twin) {
  std::vector<std::tuple<std::int32_t, quantity, int, std::uint16_t, content_key, bool>> out;
  for (const open_day& d : twin.days())
    d.readings.for_each([&](int slot, std::uint16_t version, const content& c, bool fresh) {
      out.emplace_back(d.day.number, d.quantity, slot, version, key_of(c), fresh);
    });
  return out;
}

} // namespace gridtwin::testing
