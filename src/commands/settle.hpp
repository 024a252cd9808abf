#pragma once

#include "src/commands/terminal.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `settle`: the settlement run of a local date, from what was known at its gate.
void register_settle(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                     const millisecond_clock& now);

} // namespace gridtwin
