#pragma once

#include <benchmark/benchmark.h>

#include <cstddef>

namespace gridtwin::testing {

/// A time per item, in the unit that suits it: `per_reading=20.1n`. `items`: of an iteration.
inline void set_time_per(benchmark::State& state, const char* item, std::size_t items) {
  state.counters[item] = benchmark::Counter(static_cast<double>(items), benchmark::Counter::kIsIterationInvariantRate
                                                                          | benchmark::Counter::kInvert);
}

/// Readings of an iteration: `items_per_second`.
inline void set_readings(benchmark::State& state, std::size_t readings) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * readings));
}

} // namespace gridtwin::testing
