#pragma once

#include <cstdlib>
#include <string_view>

namespace gridtwin::testing {

/// Whether tests that have a long form run it (scripts/soak.sh).
inline bool soaking() {
  const char* const asked = std::getenv("GRIDTWIN_SOAK");
  return asked != nullptr && std::string_view(asked) == "1";
}

} // namespace gridtwin::testing
