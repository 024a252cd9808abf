#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `deadletters` with `list`, `show`, `replay` and `drop`; see `register_sim` for `select`.
void register_deadletters(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
