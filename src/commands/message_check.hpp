#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `message check`; see `register_sim` for `select`.
void register_message(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
