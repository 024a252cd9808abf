#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace gridtwin {

/// Adds `alarms list`, `show` and `ack`.
void register_alarms(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
