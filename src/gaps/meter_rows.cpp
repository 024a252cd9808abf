#include "src/gaps/meter_rows.hpp"

#include "src/store/gap_scan.hpp"
#include "src/store/journal.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

meter_rows::meter_rows(const estate& e) {
  std::unordered_map<std::uint64_t, std::vector<connection_index>> rows;
  for (std::uint32_t i = 0; i < e.connections.size(); ++i)
    if (e.connections[i].effective != period_range{}) // for ever: it has no other row
      rows[e.connections[i].mpan.number].push_back({i});
  for (auto& [meter, of] : rows) {
    if (of.size() == 1)
      continue;
    std::vector<period_range> ranges;
    for (const connection_index c : of)
      ranges.push_back(e.connections[c.value].effective);
    join_ranges(ranges);
    if (ranges.size() > 1)
      interrupted_.emplace(meter, std::move(ranges));
    std::sort(of.begin(), of.end(), [&](connection_index a, connection_index b) {
      return e.connections[a.value].effective.first > e.connections[b.value].effective.first;
    });
    std::vector<std::uint32_t> shards;
    for (const connection_index c : of) {
      const std::uint32_t s = shard_of(e.transformers[e.transformer_of(e.connections[c.value]).value].id);
      if (std::find(shards.begin(), shards.end(), s) == shards.end())
        shards.push_back(s);
    }
    if (shards.size() > 1)
      shards_.emplace(meter, std::move(shards));
  }
}

const std::vector<period_range>& meter_rows::interrupted(mpan meter) const noexcept {
  static const std::vector<period_range> none;
  const auto at = interrupted_.find(meter.number);
  return at == interrupted_.end() ? none : at->second;
}

const std::vector<std::uint32_t>& meter_rows::shards(mpan meter) const noexcept {
  static const std::vector<std::uint32_t> none;
  const auto at = shards_.find(meter.number);
  return at == shards_.end() ? none : at->second;
}

} // namespace gridtwin
