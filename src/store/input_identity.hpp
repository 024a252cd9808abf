#pragma once

#include "src/store/commit.hpp"

#include <cstdint>

namespace gridtwin {

/// What makes an input that is kept the same beside source, line and place in it: its text, and what it was taken for.
std::int64_t identity_of(const kept_reject& input);

} // namespace gridtwin
