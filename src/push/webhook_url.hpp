#pragma once

#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gridtwin {

/// Where a webhook is: the parts of `https://HOST[:PORT][/PATH][?QUERY]`.
struct webhook_url {
  std::string text; ///< as it was written, which is what is signed
  std::string host; ///< name or address, without brackets
  std::uint16_t port = 443;
  std::string target;    ///< path and query; `/` where there are none
  std::string authority; ///< host and port as the field `Host` has them

  bool operator==(const webhook_url&) const = default;
};

inline constexpr std::size_t longest_webhook_url = 2'000;

/// Error: usage, and what is wrong: any other scheme, a user or password, a fragment, blanks, letters beyond ASCII.
result<webhook_url> parse_webhook_url(std::string_view text);

} // namespace gridtwin
