#include "config/webhook_settings.hpp"

#include "config/printable_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <variant>

namespace gridtwin {

namespace {

using text_member = std::string webhook_settings::*;
using number_member = std::int64_t webhook_settings::*;
using list_member = std::vector<std::string> webhook_settings::*;

/// One of a webhook's options.
struct webhook_option {
  std::string_view key;
  std::variant<text_member, number_member, list_member> member;
  std::string_view fallback; ///< of a text or a number; a list's is empty
  bool required = false;     ///< it has no fallback
  std::string_view choices;  ///< of a text, by blanks; empty: any
  std::int64_t least = 0;    ///< of a number
  std::int64_t most = 0;     ///< of a number
  std::string_view unit;     ///< of a number
  std::string_view what;     ///< for a person
  bool is_file = false;      ///< it names one
};

constexpr std::string_view pushed_topics =
  "reading gap feeder.half_hour transformer.half_hour settlement.day alarm audit";

constexpr std::array<webhook_option, 12> webhook_options{{
  {"url", &webhook_settings::url, "", true, "", 0, 0, "", "where events are sent to: https://HOST[:PORT]/PATH"},
  {"reader", &webhook_settings::reader, "", true, "", 0, 0, "",
   "identity whose rights say what is sent: urn:gridtwin:service:ROLE:NAME or urn:gridtwin:operator:NAME of the "
   "policy"},
  {"topic", &webhook_settings::topic, "", true, pushed_topics, 0, 0, "", "whose events are sent"},
  {"from_time", &webhook_settings::from_time, "", false, "", 0, 0, "",
   "where a new webhook begins: from the first run on that brought something which became known then or later, as "
   "2026-03-01T00:00:00Z; empty: with the first event there is"},
  {"state", &webhook_settings::state, "delivering", false, "delivering paused", 0, 0, "",
   "paused: nothing is sent and nothing lost; gridtwin webhooks pause does the same without a restart"},
  {"certificate", &webhook_settings::certificate, "", true, "", 0, 0, "",
   "by which the receiver knows the node (clientAuth), in PEM, with its intermediate authorities behind it", true},
  {"key", &webhook_settings::key, "", true, "", 0, 0, "", "its private key, in PEM", true},
  {"roots", &webhook_settings::roots, "", true, "", 0, 0, "", "authorities that vouch for the receiver, in PEM", true},
  {"allow", &webhook_settings::allow, "", false, "", 0, 0, "",
   "addresses and networks that the receiver may be at beside public ones, as [\"10.1.2.0/24\", \"127.0.0.1\"]"},
  {"most_events", &webhook_settings::most_events, "1000", false, "", 1, 5'000, "events", "of a request"},
  {"most_bytes", &webhook_settings::most_bytes, "95000", false, "", 8'000, 1'000'000, "bytes", "of a request's body"},
  {"request_s", &webhook_settings::request_s, "30", false, "", 1, 300, "seconds",
   "in which a request must be answered once the receiver is connected"},
}};

std::string name_of(const std::string& webhook, const webhook_option& o) {
  return "'" + std::string(o.key) + "' of [webhooks." + webhook + "]";
}

bool is_webhook_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_webhook_name && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-'
           || c == '_';
  });
}

bool is_one_of(std::string_view choices, std::string_view text) {
  while (!choices.empty()) {
    const std::size_t end = std::min(choices.find(' '), choices.size());
    if (choices.substr(0, end) == text)
      return true;
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  return false;
}

std::int64_t number_of(std::string_view text) {
  std::int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

std::optional<std::string> take_list(const std::string& name, const toml_value& value, std::vector<std::string>& out) {
  if (value.list() == nullptr || value.list()->size() > most_allowed_networks)
    return name + " must be a list of at most " + std::to_string(most_allowed_networks) + " texts";
  for (const toml_value& one : *value.list()) {
    if (one.text() == nullptr)
      return name + " must be a list of texts in quotes";
    out.push_back(*one.text());
  }
  return std::nullopt;
}

std::optional<std::string> take_option(const webhook_option& o, const toml_value& value, webhook_settings& out) {
  const std::string name = name_of(out.name, o);
  if (const auto* const list = std::get_if<list_member>(&o.member))
    return take_list(name, value, out.*(*list));
  if (const auto* const number = std::get_if<number_member>(&o.member)) {
    const auto given = value.number();
    if (!given || *given < o.least || *given > o.most)
      return name + " must be a whole number of " + std::string(o.unit) + " from " + std::to_string(o.least) + " to "
             + std::to_string(o.most);
    out.*(*number) = *given;
    return std::nullopt;
  }
  const std::string* const text = value.text();
  if (text == nullptr)
    return name + " must be a text in quotes";
  if (!o.choices.empty() && !is_one_of(o.choices, *text))
    return name + " must be one of: " + std::string(o.choices);
  if (o.required && text->empty())
    return name + " is empty";
  out.*std::get<text_member>(o.member) = *text;
  return std::nullopt;
}

void take_fallback(const webhook_option& o, webhook_settings& out) {
  if (const auto* const text = std::get_if<text_member>(&o.member))
    out.*(*text) = o.fallback;
  else if (const auto* const number = std::get_if<number_member>(&o.member))
    out.*(*number) = number_of(o.fallback);
}

std::optional<std::string> read_webhook(const toml_table& table, webhook_settings& out) {
  std::array<std::string_view, webhook_options.size()> known{};
  std::transform(webhook_options.begin(), webhook_options.end(), known.begin(),
                 [](const webhook_option& o) { return o.key; });
  if (auto unknown = unknown_key(table, known))
    return "[webhooks." + out.name + "]: " + *unknown;
  for (const webhook_option& o : webhook_options) {
    const toml_value* const value = table.find(o.key);
    if (value == nullptr && o.required)
      return name_of(out.name, o) + " is missing: " + std::string(o.what);
    if (value == nullptr)
      take_fallback(o, out);
    else if (auto wrong = take_option(o, *value, out))
      return wrong;
  }
  return std::nullopt;
}

using quoting = std::string (*)(std::string_view);

std::string value_of(const webhook_option& o, const webhook_settings& of, quoting quote = toml_string) {
  if (const auto* const text = std::get_if<text_member>(&o.member))
    return quote(of.*(*text));
  if (const auto* const number = std::get_if<number_member>(&o.member))
    return std::to_string(of.*(*number));
  std::string out = "[";
  for (const std::string& one : of.*std::get<list_member>(o.member))
    (out += out.size() == 1 ? "" : ", ") += quote(one);
  return out + "]";
}

std::string bounds_of(const webhook_option& o) {
  std::string out = o.choices.empty() ? "" : "# one of: " + std::string(o.choices) + "\n";
  if (o.required)
    return out + "# required\n";
  if (std::holds_alternative<number_member>(o.member))
    return out + "# " + std::string(o.unit) + ", " + std::to_string(o.least) + " to " + std::to_string(o.most)
           + ", default " + std::string(o.fallback) + "\n";
  if (std::holds_alternative<list_member>(o.member))
    return out + "# at most " + std::to_string(most_allowed_networks) + ", default []\n";
  return out + "# default " + toml_string(o.fallback) + "\n";
}

} // namespace

std::optional<std::string> read_webhooks(const toml_table& table, std::vector<webhook_settings>& out) {
  if (table.entries().size() > most_webhooks)
    return "there are more than " + std::to_string(most_webhooks) + " webhooks";
  for (const auto& [name, value] : table.entries()) {
    if (!is_webhook_name(name))
      return "[webhooks." + printable(name) + "]: a webhook's name has 1 to " + std::to_string(longest_webhook_name)
             + " of letters, digits, dot, hyphen and underscore";
    if (value.table() == nullptr)
      return "'" + name + "' of [webhooks] must be a table: write [webhooks." + name + "]";
    webhook_settings one;
    one.name = name;
    if (auto wrong = read_webhook(*value.table(), one))
      return wrong;
    out.push_back(std::move(one));
  }
  return std::nullopt;
}

std::string describe_webhooks(const std::vector<webhook_settings>& webhooks) {
  std::string out;
  if (webhooks.empty()) { // shown as they could be, and read as nothing
    out += "\n# [webhooks.NAME]\n";
    webhook_settings usual;
    for (const webhook_option& o : webhook_options) {
      take_fallback(o, usual);
      out += "# " + std::string(o.what) + "\n" + bounds_of(o) + "# " + std::string(o.key) + " = " + value_of(o, usual)
             + "\n";
    }
  }
  for (const webhook_settings& one : webhooks) {
    // A dot in a bare key would nest.
    out += "\n[webhooks." + toml_string(one.name) + "]\n";
    for (const webhook_option& o : webhook_options)
      out += "# " + std::string(o.what) + "\n" + bounds_of(o) + std::string(o.key) + " = " + value_of(o, one) + "\n";
  }
  return out;
}

std::vector<std::pair<std::string_view, std::string>> files_of(const webhook_settings& webhook) {
  std::vector<std::pair<std::string_view, std::string>> out;
  for (const webhook_option& o : webhook_options)
    if (o.is_file)
      out.emplace_back(o.key, webhook.*std::get<text_member>(o.member));
  return out;
}

std::string webhooks_json(const std::vector<webhook_settings>& webhooks) {
  std::string out;
  for (const webhook_settings& one : webhooks) {
    out += (out.empty() ? "" : ",") + json_string(one.name) + ":";
    std::string members;
    for (const webhook_option& o : webhook_options)
      members += (members.empty() ? "" : ",") + json_string(o.key) + ":" + value_of(o, one, json_string);
    out += "{" + members + "}";
  }
  return "{" + out + "}";
}

} // namespace gridtwin
