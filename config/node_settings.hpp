#pragma once

#include "config/webhook_settings.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gridtwin {

/// What a live node is told: `gridtwin.toml`.
struct node_settings {
  std::string estate;
  std::string store;
  std::int64_t threads = 0;
  std::string judge_by;
  std::string rules;
  std::int64_t waiting_readings = 0;
  std::string inbox_folder;
  std::string inbox_format;
  std::int64_t alarms_look_s = 0;
  std::int64_t alarms_raise_pct = 0;
  std::int64_t alarms_clear_pct = 0;
  std::int64_t alarms_smart_hours = 0;
  std::int64_t alarms_advanced_hours = 0;
  std::int64_t alarms_unmetered_hours = 0;
  std::int64_t alarms_fleet_pct = 0;
  std::string frames_address;
  std::int64_t frames_port = 0;
  std::string frames_certificate;
  std::string frames_key;
  std::string frames_roots;
  std::string frames_revocations;
  std::string frames_policy;
  std::int64_t frames_readings_per_s = 0;
  std::int64_t frames_readings_at_once = 0;
  std::string http_address;
  std::int64_t http_port = 0;
  std::string http_certificate;
  std::string http_key;
  std::string http_services_roots;
  std::string http_services_revocations;
  std::string http_operators_roots;
  std::string http_operators_revocations;
  std::string http_policy;
  std::int64_t http_connections = 0;
  std::int64_t http_connections_of_identity = 0;
  std::int64_t http_requests_per_s = 0;
  std::int64_t http_requests_at_once = 0;
  std::string messages_url;
  std::string messages_environment;
  std::int64_t messages_window_s = 0;
  std::string messages_roots;
  std::string messages_revocations;
  std::int64_t messages_connections = 0;
  std::int64_t messages_connections_of_identity = 0;
  std::int64_t messages_requests_per_s = 0;
  std::int64_t messages_requests_at_once = 0;
  std::string push_certificate;
  std::string push_key;
  std::vector<webhook_settings> webhooks; ///< in order of their names

  bool judges_by_clock() const noexcept { return judge_by == "clock"; }
};

/// What an option names that must be there before a node starts.
enum class named_file : std::uint8_t {
  none,
  needed, ///< a file or folder, where it is not empty
  format  ///< a format that is known by its name, or the file of one
};

/// One of its options.
struct node_option {
  using text_member = std::string node_settings::*;
  using number_member = std::int64_t node_settings::*;

  std::string_view table;
  std::string_view key;
  std::variant<text_member, number_member> member;
  std::string_view fallback;                                    ///< as it would be written
  bool required = false;                                        ///< it has no fallback
  std::string_view choices;                                     ///< of a text, by blanks; empty: any
  std::int64_t least = 0;                                       ///< of a number
  std::int64_t most = std::numeric_limits<std::int64_t>::max(); ///< of a number
  std::string_view unit;                                        ///< of a number
  std::string_view what;                                        ///< for a person
  named_file names = named_file::none;
};

/// All of them, table by table.
std::span<const node_option> node_options() noexcept;

/// Unknown tables and keys are refused. Error: `errc::bad_profile`, which key, and how to mend it. `origin_name` names
/// the text in messages.
result<node_settings> parse_node_settings(std::string_view toml, std::string_view origin_name);

/// The settings as they are, as a file that can be read again: each option with its unit, bounds and fallback.
std::string describe_node_settings(const node_settings& settings);
/// The same as one JSON object with one for each table, without units and bounds.
std::string node_settings_json(const node_settings& settings);

} // namespace gridtwin
