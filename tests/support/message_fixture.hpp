#pragma once

#include "src/messages/message_builder.hpp"
#include "src/messages/message_reader.hpp"
#include "src/messages/message_writer.hpp"
#include "tests/support/test_messages.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin::testing {

/// The settings of the domain notes' example message.
inline market_settings example_market() {
  market_settings out;
  out.sender_dip_id = "1401234567";
  out.sender_role = "SDS";
  out.primary_recipients = {"2300000001"};
  out.distributors = {{"10", "2500000010"}, {"20", "2500000001"}, {"24", "2500000024"}, {"99", "2500000099"}};
  return out;
}

inline message_subject example_subject() {
  return {{2000056535971}, quantity::active_import, connection_type::whole_current, instant("2020-01-01"), 'H', "SUPP"};
}

/// The published ramp, 9.901 to 9.948 kWh, on so many days from a date on.
inline std::vector<standing_half_hour> ramp(std::string_view first_day, int days) {
  std::vector<standing_half_hour> out;
  const auto first = static_cast<std::int32_t>(instant(first_day) / 86'400);
  for (int day = 0; day < days; ++day)
    for (int slot = 0; slot < periods_per_day; ++slot)
      out.push_back({period_at({first + day}, slot), 1, actual_of(9901 + slot)});
  return out;
}

inline std::vector<if021_message> built(const std::vector<standing_half_hour>& half_hours,
                                        const message_bounds& bounds = {}) {
  return build_messages(example_market(), example_subject(), half_hours, bounds).value();
}

inline if021_message example_message() { return built(ramp("2026-06-15", 1)).front(); }

inline std::string text_of(const if021_message& m) {
  std::string out;
  append_message(out, m);
  return out;
}

/// The text with one part replaced by another, the first time it occurs.
inline std::string with(std::string text, std::string_view part, std::string_view other) {
  const std::size_t at = text.find(part);
  return at == std::string::npos ? "part not found" : text.replace(at, part.size(), other);
}

/// `path: what` of each fault of a text that holds one message.
inline std::vector<std::string> faults_of(std::string_view text, const message_reader_options& options = {}) {
  std::vector<std::string> out;
  const read_request read = message_reader(options).read(text);
  const auto add = [&](const std::vector<message_fault>& faults) {
    for (const message_fault& f : faults)
      out.push_back(f.path + ": " + f.what);
  };
  add(read.faults);
  for (const read_message& m : read.messages)
    add(m.faults);
  return out;
}

} // namespace gridtwin::testing
