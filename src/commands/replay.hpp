#pragma once

#include "src/commands/terminal.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `replay`; see `register_sim` for `select` and `now`.
void register_replay(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                     const millisecond_clock& now);

} // namespace gridtwin
