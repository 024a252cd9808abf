#pragma once

#include "twins/result.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

/// What a request is about: `/v1/topics/reading?limit=5`, its escapes resolved.
struct http_target {
  std::vector<std::string> path; ///< segments; none: `/`
  std::map<std::string, std::string, std::less<>> query;

  /// Nothing where it was not given.
  std::optional<std::string_view> parameter(std::string_view name) const;
};

/// A target in origin form (RFC 9112, section 3.2.1), with `%` escapes of UTF-8 and `+` as itself. Refused are empty
/// segments, `.` and `..`, control characters, a parameter twice, and more or longer than `api_bounds.hpp` says.
/// Error: usage, with what is wrong, and nothing of the text.
result<http_target> parse_http_target(std::string_view text);

} // namespace gridtwin
