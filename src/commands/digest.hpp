#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `digest`; see `register_sim` for `select`.
void register_digest(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
