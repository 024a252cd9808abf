#pragma once

#include <cstdint>
#include <functional>

namespace CLI {
class App;
}

namespace gridtwin {

/// Adds `load`: readings at a stated rate over the real protocol, each answer held against the store. `now_us`: of a
/// clock that never goes back.
void register_load(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                   const std::function<std::int64_t()>& now_us);

} // namespace gridtwin
