#pragma once

#include "config/toml_document.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// A receiver that a node pushes a topic to: a table `[webhooks.NAME]` of `gridtwin.toml`.
struct webhook_settings {
  std::string name; ///< 1 to 64 of letters, digits, dot, hyphen and underscore
  std::string url;
  std::string reader;
  std::string topic;
  std::string from_time;
  std::string state;
  std::string certificate;
  std::string key;
  std::string roots;
  std::vector<std::string> allow;
  std::int64_t most_events = 0;
  std::int64_t most_bytes = 0;
  std::int64_t request_s = 0;

  bool is_paused() const noexcept { return state == "paused"; }
};

inline constexpr std::size_t most_webhooks = 64;
inline constexpr std::size_t longest_webhook_name = 64;
inline constexpr std::size_t most_allowed_networks = 64;

/// The files that one names, by their keys.
std::vector<std::pair<std::string_view, std::string>> files_of(const webhook_settings& webhook);

/// Takes over what the table `[webhooks]` has, a table a receiver; unknown keys are refused. What is wrong, or nothing.
/// What a url, a reader or an address means is looked at where it is used.
std::optional<std::string> read_webhooks(const toml_table& table, std::vector<webhook_settings>& out);

/// As a part of a file that can be read again: each option with its unit, bounds and fallback.
std::string describe_webhooks(const std::vector<webhook_settings>& webhooks);
/// A JSON object with one for each, by name.
std::string webhooks_json(const std::vector<webhook_settings>& webhooks);

} // namespace gridtwin
