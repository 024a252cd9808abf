#pragma once

#include "src/commands/terminal.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `verify`: a store held against itself.
void register_verify(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                     const millisecond_clock& now);

} // namespace gridtwin
