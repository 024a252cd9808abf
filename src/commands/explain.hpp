#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `explain`; see `register_sim` for `select`.
void register_explain(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
