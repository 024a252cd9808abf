#pragma once

#include "src/client/reading_sender.hpp"

#include <string>

namespace gridtwin {

/// The node that `--to` names, HOST:PORT or [ADDRESS]:PORT, into `out`. Error: `errc::usage`.
result<void> read_address(const std::string& to, sender_options& out);

} // namespace gridtwin
