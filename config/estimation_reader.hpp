#pragma once

#include "config/toml_document.hpp"
#include "twins/estimation_settings.hpp"

#include <optional>
#include <string>

namespace gridtwin {

/// Reads the table `[estimation]` over what is in `settings`: keys that are not there leave it as it is. On a fault
/// what is wrong and how to mend it, and `settings` is of no use.
std::optional<std::string> read_estimation(const toml_table& table, estimation_settings& settings);

} // namespace gridtwin
