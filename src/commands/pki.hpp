#pragma once

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>

namespace gridtwin {

/// Adds `pki` with `init` and `revoke`; see `register_sim` for `select`. `now_s`: seconds since the epoch.
void register_pki(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                  const std::function<std::int64_t()>& now_s);

} // namespace gridtwin
