#pragma once

#include <cstdint>
#include <functional>

namespace CLI {
class App;
}

namespace gridtwin {

/// Adds `send`. `now_us`: of a clock that never goes back.
void register_send(CLI::App& parent, const std::function<void(std::function<int()>)>& select,
                   const std::function<std::int64_t()>& now_us);

} // namespace gridtwin
