#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `changes`: what a store and its node have gone by, since when, and what differed; see `register_sim` for
/// `select`.
void register_changes(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
