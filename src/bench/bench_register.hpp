#pragma once

#include "src/bench/bench_twins.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace gridtwin {

/// Adds `bench`; see `register_sim` for `select`.
void register_bench(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                    const microsecond_clock& now);

} // namespace gridtwin
