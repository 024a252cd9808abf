#include "config/node_settings.hpp"

#include "config/printable_text.hpp"
#include "config/toml_document.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::int64_t most_threads = 256;
constexpr std::int64_t most_waiting = 100'000'000;
constexpr std::int64_t most_pct = 1000;
constexpr std::int64_t most_hours = 10'000;
constexpr std::int64_t seconds_of_day = 86'400;
constexpr std::int64_t most_connections = 4096;
constexpr std::int64_t most_requests = 1'000'000;
constexpr std::int64_t most_rate = 1'000'000'000;
constexpr std::int64_t largest_batch = 32'768; ///< of the framed protocol: a smaller bucket would never let one through

constexpr std::array<node_option, 48> options{{
  {"node", "estate", &node_settings::estate, "", true, "", 0, 0, "",
   "folder of the estate's files; a change takes effect with the next half hour", named_file::needed},
  {"node", "store", &node_settings::store, "", true, "", 0, 0, "", "folder of the store; made where it is missing"},
  {"node", "threads", &node_settings::threads, "0", false, "", 0, most_threads, "threads",
   "that judge readings; 0: one a processor"},
  {"node", "judge_by", &node_settings::judge_by, "clock", false, "clock nothing", 0, 0, "",
   "clock: half hours that have not ended are quarantined, those of closed dates rejected; nothing: neither"},
  {"node", "rules", &node_settings::rules, "", false, "", 0, 0, "",
   "rule pack that the store goes by from now on; empty: the one that it goes by already", named_file::needed},
  {"node", "waiting_readings", &node_settings::waiting_readings, "2000000", false, "", 1, most_waiting, "readings",
   "offered and not answered yet; beyond that senders are told busy"},
  {"inbox", "folder", &node_settings::inbox_folder, "", false, "", 0, 0, "",
   "files that are moved here are read and put into its folders done or failed; empty: none is watched"},
  {"inbox", "format", &node_settings::inbox_format, "generic", false, "", 0, 0, "",
   "of those files: as --format of gridtwin replay", named_file::format},
  {"alarms", "look_s", &node_settings::alarms_look_s, "15", false, "", 0, 60, "seconds",
   "between looks at what is new; 0: nobody looks"},
  {"alarms", "raise_pct", &node_settings::alarms_raise_pct, "100", false, "", 1, most_pct, "hundredths of the rating",
   "a transformer's half hour above this raises an alarm"},
  {"alarms", "clear_pct", &node_settings::alarms_clear_pct, "95", false, "", 1, most_pct, "hundredths of the rating",
   "one below this clears it; at most raise_pct"},
  {"alarms", "smart_hours", &node_settings::alarms_smart_hours, "30", false, "", 0, most_hours, "hours",
   "after its end, at the latest, a half hour of a smart meter (S) should be here"},
  {"alarms", "advanced_hours", &node_settings::alarms_advanced_hours, "30", false, "", 0, most_hours, "hours",
   "the same of an advanced meter (A)"},
  {"alarms", "unmetered_hours", &node_settings::alarms_unmetered_hours, "30", false, "", 0, most_hours, "hours",
   "the same of an unmetered supply (U)"},
  {"alarms", "fleet_pct", &node_settings::alarms_fleet_pct, "10", false, "", 1, 100, "hundredths of the meters",
   "beyond this those that are overdue are one alarm"},
  {"frames", "address", &node_settings::frames_address, "", false, "", 0, 0, "",
   "where gridtwin send is listened to, over TLS 1.3; empty: nowhere"},
  {"frames", "port", &node_settings::frames_port, "7470", false, "", 0, 65'535, "port",
   "of that address; 0: one that is free, told when the node is ready"},
  {"frames", "certificate", &node_settings::frames_certificate, "", false, "", 0, 0, "",
   "the node's own, in PEM, with its intermediate authorities behind it", named_file::needed},
  {"frames", "key", &node_settings::frames_key, "", false, "", 0, 0, "", "its private key, in PEM", named_file::needed},
  {"frames", "roots", &node_settings::frames_roots, "", false, "", 0, 0, "",
   "authorities that vouch for head-ends (devices), in PEM", named_file::needed},
  {"frames", "revocations", &node_settings::frames_revocations, "", false, "", 0, 0, "",
   "revocation lists of those authorities and of the intermediate ones, in PEM", named_file::needed},
  {"frames", "policy", &node_settings::frames_policy, "", false, "", 0, 0, "",
   "who may submit for which meters: a policy file (*.toml)", named_file::needed},
  {"frames", "readings_per_s", &node_settings::frames_readings_per_s, "4000000", false, "", 1, most_rate,
   "readings a second", "of one head-end in the long run; beyond that it is told busy"},
  {"frames", "readings_at_once", &node_settings::frames_readings_at_once, "16000000", false, "", largest_batch,
   most_rate, "readings", "of one head-end that has sent none for a while; at least a batch"},
  {"http", "address", &node_settings::http_address, "", false, "", 0, 0, "",
   "where readers and operators are answered, over HTTPS with TLS 1.3; empty: nowhere"},
  {"http", "port", &node_settings::http_port, "7480", false, "", 0, 65'535, "port",
   "of that address; 0: one that is free, told when the node is ready"},
  {"http", "certificate", &node_settings::http_certificate, "", false, "", 0, 0, "",
   "the node's own, in PEM, with its intermediate authorities behind it", named_file::needed},
  {"http", "key", &node_settings::http_key, "", false, "", 0, 0, "", "its private key, in PEM", named_file::needed},
  {"http", "services_roots", &node_settings::http_services_roots, "", false, "", 0, 0, "",
   "authorities that vouch for readers (services), in PEM", named_file::needed},
  {"http", "services_revocations", &node_settings::http_services_revocations, "", false, "", 0, 0, "",
   "revocation lists of those authorities and of the intermediate ones, in PEM", named_file::needed},
  {"http", "operators_roots", &node_settings::http_operators_roots, "", false, "", 0, 0, "",
   "authorities that vouch for people who run the node (operators), in PEM", named_file::needed},
  {"http", "operators_revocations", &node_settings::http_operators_revocations, "", false, "", 0, 0, "",
   "revocation lists of those authorities and of the intermediate ones, in PEM", named_file::needed},
  {"http", "policy", &node_settings::http_policy, "", false, "", 0, 0, "", "who may read what: a policy file (*.toml)",
   named_file::needed},
  {"http", "connections", &node_settings::http_connections, "256", false, "", 1, most_connections, "connections",
   "of readers and operators together; beyond that they are told to come again"},
  {"http", "connections_of_identity", &node_settings::http_connections_of_identity, "64", false, "", 1,
   most_connections, "connections", "of one reader or operator"},
  {"http", "requests_per_s", &node_settings::http_requests_per_s, "200", false, "", 1, most_requests,
   "requests a second", "of one reader or operator in the long run; beyond that it is told to come again"},
  {"http", "requests_at_once", &node_settings::http_requests_at_once, "1000", false, "", 1, most_requests, "requests",
   "of one reader or operator that has sent none for a while"},
  {"if-021", "url", &node_settings::messages_url, "", false, "", 0, 0, "",
   "how head-ends that bring messages IF-021 call the listener of [http], up to /v1: https://HOST:PORT, as they sign "
   "it; empty: none are taken"},
  {"if-021", "environment", &node_settings::messages_environment, "DEV", false, "PRD SITB SIT UIT DEV", 0, 0, "",
   "of this installation: messages of production and of all others never mix"},
  {"if-021", "signature_window_s", &node_settings::messages_window_s, "300", false, "", 1, seconds_of_day, "seconds",
   "before or after its date in which a signature counts"},
  {"if-021", "roots", &node_settings::messages_roots, "", false, "", 0, 0, "",
   "authorities that vouch for head-ends (devices), their connections and their signatures, in PEM",
   named_file::needed},
  {"if-021", "revocations", &node_settings::messages_revocations, "", false, "", 0, 0, "",
   "revocation lists of those authorities and of the intermediate ones, in PEM", named_file::needed},
  {"if-021", "connections", &node_settings::messages_connections, "256", false, "", 1, most_connections, "connections",
   "of head-ends together, beside those of [http]; beyond that they are told to come again"},
  {"if-021", "connections_of_identity", &node_settings::messages_connections_of_identity, "64", false, "", 1,
   most_connections, "connections", "of one head-end"},
  {"if-021", "requests_per_s", &node_settings::messages_requests_per_s, "200", false, "", 1, most_requests,
   "requests a second", "of one head-end in the long run; beyond that it is told to come again"},
  {"if-021", "requests_at_once", &node_settings::messages_requests_at_once, "1000", false, "", 1, most_requests,
   "requests", "of one head-end that has sent none for a while"},
  {"push", "signing_certificate", &node_settings::push_certificate, "", false, "", 0, 0, "",
   "by which receivers of webhooks know the node's signatures, in PEM, with its intermediate authorities behind it; "
   "its key is RSA",
   named_file::needed},
  {"push", "signing_key", &node_settings::push_key, "", false, "", 0, 0, "", "its private key, in PEM",
   named_file::needed},
}};

/// The table whose tables are webhooks.
constexpr std::string_view webhooks_table = "webhooks";

std::string name_of(const node_option& o) { return "'" + std::string(o.key) + "' of [" + std::string(o.table) + "]"; }

bool is_choice(std::string_view choices, std::string_view text) {
  while (!choices.empty()) {
    const std::size_t end = std::min(choices.find(' '), choices.size());
    if (choices.substr(0, end) == text)
      return true;
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  return false;
}

/// Nothing is wrong, or what.
std::optional<std::string> take(const node_option& o, const toml_value& value, node_settings& out) {
  if (const auto* const text = std::get_if<node_option::text_member>(&o.member)) {
    if (value.text() == nullptr)
      return name_of(o) + " must be a text in quotes";
    if (!o.choices.empty() && !is_choice(o.choices, *value.text()))
      return name_of(o) + " must be one of: " + std::string(o.choices);
    if (o.required && value.text()->empty())
      return name_of(o) + " is empty";
    out.*(*text) = *value.text();
    return std::nullopt;
  }
  const auto number = value.number();
  if (!number || *number < o.least || *number > o.most)
    return name_of(o) + " must be a whole number of " + std::string(o.unit) + " from " + std::to_string(o.least)
           + " to " + std::to_string(o.most);
  out.*std::get<node_option::number_member>(o.member) = *number;
  return std::nullopt;
}

void take_fallback(const node_option& o, node_settings& out) {
  if (const auto* const text = std::get_if<node_option::text_member>(&o.member)) {
    out.*(*text) = o.fallback;
    return;
  }
  std::int64_t number = 0;
  std::from_chars(o.fallback.data(), o.fallback.data() + o.fallback.size(), number);
  out.*std::get<node_option::number_member>(o.member) = number;
}

std::vector<std::string_view> tables() {
  std::vector<std::string_view> out;
  for (const node_option& o : options)
    if (out.empty() || out.back() != o.table)
      out.push_back(o.table);
  return out;
}

std::vector<std::string_view> keys_of(std::string_view table) {
  std::vector<std::string_view> out;
  for (const node_option& o : options)
    if (o.table == table)
      out.push_back(o.key);
  return out;
}

std::optional<std::string> read(const toml_table& document, node_settings& out) {
  std::vector<std::string_view> known = tables();
  known.push_back(webhooks_table);
  if (auto unknown = unknown_key(document, known))
    return unknown;
  for (const auto& [name, table] : document.entries()) {
    if (table.table() == nullptr)
      return "'" + name + "' must be a table: write [" + name + "]";
    if (name == webhooks_table) {
      if (auto wrong = read_webhooks(*table.table(), out.webhooks))
        return wrong;
      continue;
    }
    if (auto unknown = unknown_key(*table.table(), keys_of(name)))
      return "[" + name + "]: " + *unknown;
  }
  for (const node_option& o : options) {
    const toml_value* const table = document.find(o.table);
    const toml_value* const value = table != nullptr ? table->table()->find(o.key) : nullptr;
    if (value == nullptr && o.required)
      return name_of(o) + " is missing: " + std::string(o.what);
    if (value == nullptr)
      take_fallback(o, out);
    else if (auto wrong = take(o, *value, out))
      return wrong;
  }
  if (out.alarms_clear_pct > out.alarms_raise_pct)
    return "'clear_pct' of [alarms] must be at most 'raise_pct'";
  // A listener needs all that its table has.
  for (const node_option& o : options)
    if (const auto* const text = std::get_if<node_option::text_member>(&o.member);
        text != nullptr && (out.*(*text)).empty()
        && ((o.table == "frames" && !out.frames_address.empty()) || (o.table == "http" && !out.http_address.empty())
            || (o.table == "if-021" && !out.messages_url.empty()) || (o.table == "push" && !out.webhooks.empty())))
      return name_of(o) + " is missing: " + std::string(o.what);
  if (!out.webhooks.empty() && out.http_policy.empty() && out.frames_policy.empty())
    return "webhooks need to know what their readers may see: 'policy' of [http]";
  if (out.messages_url.empty())
    return std::nullopt;
  if (out.http_address.empty())
    return "'url' of [if-021] needs a listener: 'address' of [http]";
  if (!out.messages_url.starts_with("https://") || out.messages_url.ends_with('/'))
    return "'url' of [if-021] must be as https://node.example:7480, without a / at its end";
  return std::nullopt;
}

} // namespace

std::span<const node_option> node_options() noexcept { return options; }

result<node_settings> parse_node_settings(std::string_view toml, std::string_view origin_name) {
  const auto refused = [&](const std::string& why) {
    return error{errc::bad_profile, "settings " + in_quotes(origin_name) + ": " + why};
  };
  const auto parsed = parse_toml(toml);
  if (!parsed)
    return refused(parsed.failure().message);
  node_settings out;
  if (const auto wrong = read(*parsed, out))
    return refused(*wrong);
  return out;
}

std::string describe_node_settings(const node_settings& settings) {
  std::string out;
  std::string_view table;
  for (const node_option& o : options) {
    if (o.table != table)
      out += (table.empty() ? "[" : "\n[") + std::string(o.table) + "]\n";
    table = o.table;
    out += "# " + std::string(o.what) + "\n";
    const auto* const text = std::get_if<node_option::text_member>(&o.member);
    if (text != nullptr) {
      if (!o.choices.empty())
        out += "# one of: " + std::string(o.choices) + "\n";
      out += o.required ? "# required\n" : "# default " + toml_string(o.fallback) + "\n";
      out += std::string(o.key) + " = " + toml_string(settings.*(*text)) + "\n";
    } else {
      out += "# " + std::string(o.unit) + ", " + std::to_string(o.least) + " to " + std::to_string(o.most)
             + ", default " + std::string(o.fallback) + "\n";
      out +=
        std::string(o.key) + " = " + std::to_string(settings.*std::get<node_option::number_member>(o.member)) + "\n";
    }
  }
  return out + describe_webhooks(settings.webhooks);
}

std::string node_settings_json(const node_settings& settings) {
  std::string out;
  std::string_view table;
  for (const node_option& o : options) {
    if (o.table != table)
      out += (table.empty() ? "" : "},") + json_string(o.table) + ":{";
    else
      out += ",";
    table = o.table;
    const auto* const text = std::get_if<node_option::text_member>(&o.member);
    out += json_string(o.key) + ":"
           + (text != nullptr ? json_string(settings.*(*text))
                              : std::to_string(settings.*std::get<node_option::number_member>(o.member)));
  }
  return "{" + out + "},\"webhooks\":" + webhooks_json(settings.webhooks) + "}";
}

} // namespace gridtwin
