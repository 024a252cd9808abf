#pragma once

#include "config/market_settings.hpp"
#include "src/messages/if021_message.hpp"
#include "twins/result.hpp"

#include <string>
#include <string_view>

namespace gridtwin {

/// The settings in the file that `--market` names.
/// Error: `errc::unreadable_input` or `errc::bad_profile`, with the option and what to mend.
result<market_settings> read_market_file(const std::string& path);

} // namespace gridtwin
