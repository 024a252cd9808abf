#include "src/commands/export.hpp"
#include "src/commands/store_gaps.hpp"

#include <algorithm>
#include <string>
#include <tuple>

namespace gridtwin {

result<void> export_gaps(store_view& view, const export_scope& scope, table_writer& out) {
  out.header({{"mpan"}, {"quantity"}, {"first_period_end"}, {"last_period_end"}, {"periods", true}});
  const estate& e = view.estate();
  std::vector<meter_gap> gaps;
  const auto take = [&](const meter_gap& g) {
    const connection& c = e.connections[g.connection.value];
    const bool in_range = g.missing.last.number >= scope.range.first && g.missing.first.number < scope.range.end;
    if (in_range && scope.holds(e, c) && scope.holds(e, e.transformer_of(c)))
      gaps.push_back(g);
  };
  for (std::uint32_t t = 0; t < e.transformers.size(); ++t)
    if (scope.holds(e, transformer_index{t}))
      if (auto found = find_gaps(view, {t}, take); !found)
        return found;
  if (auto found = find_gaps_across(view, take); !found)
    return found;
  const auto key = [&](const meter_gap& g) {
    return std::tuple(e.connections[g.connection.value].mpan, name_of(g.quantity), g.missing.first);
  };
  std::sort(gaps.begin(), gaps.end(), [&](const meter_gap& a, const meter_gap& b) { return key(a) < key(b); });
  for (const meter_gap& g : gaps)
    out.row({to_string(e.connections[g.connection.value].mpan), name_of(g.quantity), format_period(g.missing.first),
             format_period(g.missing.last), std::to_string(g.missing.periods())});
  return {};
}

} // namespace gridtwin
