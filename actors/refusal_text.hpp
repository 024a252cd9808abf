#pragma once

#include "twins/reading_batch.hpp"
#include "twins/rules.hpp"

#include <string>

namespace gridtwin {

/// Why a reading was refused, for the person who looks through what was.
std::string refusal_text(verdict v, const sourced_reading& r, const rule_limits& limits, const connection& meter);

} // namespace gridtwin
