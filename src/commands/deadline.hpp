#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `deadline`; see `register_sim` for `select`.
void register_deadline(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
