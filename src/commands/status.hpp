#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `status`; see `register_sim` for `select`.
void register_status(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
