#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `twins` with `list`, `show` and `unpark`, and `explain`, which shows a twin as `twins show` does; see
/// `register_sim` for `select`.
void register_twins(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
