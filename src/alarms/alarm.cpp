#include "src/alarms/alarm.hpp"

#include "config/printable_text.hpp"

#include <array>
#include <cstddef>
#include <cstdio>

namespace gridtwin {

namespace {

constexpr std::array<std::string_view, 3> kind_names{"overload", "overdue", "fleet-overdue"};
constexpr std::array<std::string_view, 3> state_names{"raised", "cleared", "withdrawn"};

template <class Enum, std::size_t N>
std::optional<Enum> parse(const std::array<std::string_view, N>& names, std::string_view text) noexcept {
  for (std::size_t i = 0; i < N; ++i)
    if (names[i] == text)
      return static_cast<Enum>(i);
  return std::nullopt;
}

std::string text_or_null(std::string_view text) { return text.empty() ? "null" : json_string(text); }

std::string instant_or_null(const std::optional<std::int64_t>& at) {
  return at ? json_string(format_instant(*at)) : "null";
}

/// `104.37`
std::string per_cent(std::int64_t hundredths) {
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%lld.%02d", static_cast<long long>(hundredths / 100),
                static_cast<int>(hundredths % 100));
  return out.data();
}

} // namespace

std::string_view name_of(alarm_kind kind) noexcept { return kind_names[static_cast<std::size_t>(kind)]; }
std::string_view name_of(alarm_state state) noexcept { return state_names[static_cast<std::size_t>(state)]; }
std::optional<alarm_kind> parse_alarm_kind(std::string_view text) noexcept {
  return parse<alarm_kind>(kind_names, text);
}
std::optional<alarm_state> parse_alarm_state(std::string_view text) noexcept {
  return parse<alarm_state>(state_names, text);
}

std::string alarm_json(const alarm_record& a) {
  std::string out = "{\"alarm\":" + std::to_string(a.id) + ",\"kind\":" + json_string(name_of(a.kind))
                    + ",\"state\":" + json_string(name_of(a.state))
                    + ",\"transformer_id\":" + text_or_null(a.transformer) + ",\"mpan\":" + text_or_null(a.mpan)
                    + ",\"first_period_end\":" + json_string(format_period(a.first));
  if (a.kind == alarm_kind::overload)
    out += ",\"last_period_end\":" + json_string(format_period(a.last)) + ",\"half_hours\":"
           + std::to_string(a.half_hours) + ",\"peak_period_end\":" + json_string(format_period(a.peak))
           + ",\"peak_utilisation_pct\":" + per_cent(a.peak_utilisation);
  if (a.kind != alarm_kind::overdue)
    out += ",\"meters_reported\":" + std::to_string(a.reported) + ",\"meters_expected\":" + std::to_string(a.expected);
  out +=
    ",\"raised_at\":" + json_string(format_instant(a.raised_at_s)) + ",\"ended_at\":" + instant_or_null(a.ended_at_s);
  if (a.acknowledged)
    out += ",\"acknowledged_at\":" + json_string(format_instant(a.acknowledged->at_s)) + ",\"acknowledged_by\":"
           + json_string(a.acknowledged->who) + ",\"acknowledged_why\":" + text_or_null(a.acknowledged->why);
  else
    out += ",\"acknowledged_at\":null";
  return out + "}";
}

result<std::vector<std::pair<std::string, std::string>>> alarm_members(std::string_view json) {
  const error none{errc::store_unusable, "the book of alarms holds one that cannot be read"};
  // Flat: strings, numbers and null, without blanks between.
  const auto end_of_string = [&](std::size_t at) {
    for (++at; at < json.size() && json[at] != '"'; ++at)
      at += json[at] == '\\' ? 1 : 0;
    return at + 1;
  };
  std::vector<std::pair<std::string, std::string>> out;
  if (json.size() < 2 || json.front() != '{' || json.back() != '}')
    return none;
  for (std::size_t at = 1; at < json.size();) {
    const std::size_t name_end = json[at] == '"' ? end_of_string(at) : json.size();
    if (name_end + 1 >= json.size() || json[name_end] != ':')
      return none;
    const std::size_t value = name_end + 1;
    const std::size_t end = json[value] == '"' ? end_of_string(value) : json.find_first_of(",}", value);
    if (end >= json.size() || end == value || (json[end] != ',' && json[end] != '}'))
      return none;
    out.emplace_back(json.substr(at + 1, name_end - at - 2), json.substr(value, end - value));
    at = json[end] == '}' ? json.size() : end + 1;
  }
  return out;
}

} // namespace gridtwin
