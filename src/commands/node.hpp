#pragma once

#include "src/node/node_run.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `run`, a node that stays, and `config check` and `config show` of what it is told.
void register_node(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                   const node_run::second_clock& now);

} // namespace gridtwin
