#pragma once

#include "twins/market_ids.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

class toml_table;

/// Who this installation is in the market, and whom its messages name: the table `[market]`. DIP ids are 10 characters.
struct market_settings {
  environment_tag environment = environment_tag::development;
  std::string sender_dip_id; ///< hexadecimal digits, as they stand in a sender's reference
  std::string sender_role;   ///< as `SDS`
  std::optional<std::string> connection_provider_dip_id;
  std::vector<std::string> primary_recipients;     ///< of every message, behind the meter's supplier
  std::map<std::string, std::string> distributors; ///< by the first two digits of an MPAN
  std::map<std::string, std::string> suppliers;    ///< by MPID; a supplier that is not here is no recipient
  /// Start of a connection of which the estate does not say when it began: seconds since the epoch.
  std::int64_t connection_from_s = 0;
};

/// Recipients that a file may list, and distributors and suppliers it may name.
inline constexpr std::size_t market_recipients_limit = 100;

/// Error: `errc::bad_profile`, which key, and how to mend it. `origin_name` names the text in messages.
result<market_settings> parse_market_settings(std::string_view toml, std::string_view origin_name);

/// The same of the table `[market]` within other settings. Nothing is wrong, or what.
std::optional<std::string> read_market(const toml_table& table, market_settings& out);

} // namespace gridtwin
