#pragma once

#include "config/market_settings.hpp"
#include "twins/result.hpp"

#include <string>
#include <string_view>

namespace gridtwin {

/// How the format of messages IF-021 is called on the command line.
inline constexpr std::string_view if021_name = "if-021";

/// The settings in the file that `--market` names.
/// Error: `errc::unreadable_input` or `errc::bad_profile`, with the option and what to mend.
result<market_settings> read_market_file(const std::string& path);

} // namespace gridtwin
