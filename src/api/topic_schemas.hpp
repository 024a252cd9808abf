#pragma once

#include "src/security/access_rights.hpp"

#include <optional>
#include <string_view>

namespace gridtwin {

/// A topic that can be read, and what its events look like.
struct topic_schema {
  access_topic topic;
  int version;                  ///< grows with a change that a reader of the version before could stumble over
  std::string_view json_schema; ///< JSON Schema, draft 2020-12
};

/// Nothing where the topic has no events yet.
std::optional<topic_schema> schema_of(access_topic topic) noexcept;

} // namespace gridtwin
