#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `audit`; see `register_sim` for `select`.
void register_audit(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
