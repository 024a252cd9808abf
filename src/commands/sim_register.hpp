#pragma once

#include "src/commands/terminal.hpp"

#include <CLI/CLI.hpp>
#include <functional>

namespace gridtwin {

/// Adds `sim estate` and `sim reads` to the program. `select` is given what to run when one of them is the command that
/// the user typed; what it returns is the exit status. `now` tells how long they take.
void register_sim(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                  const millisecond_clock& now);

} // namespace gridtwin
