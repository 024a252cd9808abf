#pragma once

#include "src/security/access_rights.hpp"
#include "twins/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gridtwin {

/// What a reader wants of a pointer: `{"topic":"reading","position":"5:120","earlier":"5:100"}`, without `earlier` (or
/// with null) for one that is not there yet. Positions are as `event_position.hpp` writes them.
struct pointer_request {
  std::string topic;
  std::string position;
  std::optional<std::string> earlier;
};

/// Exactly those keys, each once. Error: usage, and what is wrong.
result<pointer_request> parse_pointer_request(std::string_view json);

/// 1 to 64 of a-z, A-Z, 0-9, dot, hyphen and underscore.
bool is_pointer_name(std::string_view name) noexcept;

} // namespace gridtwin
