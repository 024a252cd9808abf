#include "src/commands/bound_rules.hpp"

#include "src/replay/rule_binding.hpp"

#include <optional>
#include <utility>

namespace gridtwin {

result<rule_settings> bound_rules(store_view& view) {
  auto rules = bind_rules(view.reader().database(), std::nullopt);
  if (!rules)
    return rules.failure();
  return std::move(rules->pack.settings);
}

} // namespace gridtwin
