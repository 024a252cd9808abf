#pragma once

#include "config/rule_settings.hpp"
#include "src/commands/store_view.hpp"

namespace gridtwin {

/// The rules that are bound to a store, as its exports go by them. With `--as-known-at` too: a pack says what is
/// believed of a feeder, not what was known of its meters.
result<rule_settings> bound_rules(store_view& view);

} // namespace gridtwin
