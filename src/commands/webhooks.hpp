#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace gridtwin {

/// Adds `webhooks list`, `pause`, `resume`, `deadletters`, `replay`, `drop` and `journal`.
void register_webhooks(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
