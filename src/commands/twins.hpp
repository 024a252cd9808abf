#pragma once

#include <CLI/CLI.hpp>

#include <functional>
#include <string>

namespace gridtwin {

/// Shows a meter's twin: where it hangs, what it holds, how it failed, what waits for it. Returns the exit status.
int show_twin(const std::string& store, const std::string& mpan_text, bool json);

/// Adds `twins` with `list`, `show` and `unpark`; see `register_sim` for `select`.
void register_twins(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
