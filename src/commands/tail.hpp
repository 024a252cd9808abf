#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `tail`: a topic's events from an offset on, as they become durable.
void register_tail(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
