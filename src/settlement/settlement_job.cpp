#include "src/settlement/settlement_job.hpp"

#include <algorithm>
#include <tuple>

namespace gridtwin {

std::vector<period> settlement_job::periods() const {
  std::vector<period> out;
  for (int number = 1; number <= settlement_periods_of(date); ++number)
    out.push_back(*from_settlement_period({date, number}));
  return out;
}

std::optional<verdict> settlement_job::refusal_of(mpan meter, quantity q, period p) const noexcept {
  const auto key = std::tuple(meter.number, q, p);
  const auto at = std::lower_bound(refused.begin(), refused.end(), key, [](const refused_half_hour& r, const auto& k) {
    return std::tuple(r.mpan, r.quantity, r.period) < k;
  });
  if (at == refused.end() || std::tuple(at->mpan, at->quantity, at->period) != key)
    return std::nullopt;
  return at->verdict;
}

std::vector<connection_index> settlement_job::rows_of(connection_index one) const {
  const connection& c = estate->connections[one.value];
  if (c.effective == period_range{}) // for ever: it has no other row
    return {one};
  const auto at = rows_of_several.find(c.mpan.number);
  return at == rows_of_several.end() ? std::vector{one} : at->second;
}

void list_rows_of_several(settlement_job& job) {
  const auto& all = job.estate->connections;
  for (std::uint32_t i = 0; i < all.size(); ++i)
    if (all[i].effective != period_range{})
      job.rows_of_several[all[i].mpan.number].push_back({i});
  for (auto& [mpan, rows] : job.rows_of_several)
    std::sort(rows.begin(), rows.end(), [&](connection_index a, connection_index b) {
      return all[a.value].effective.first < all[b.value].effective.first;
    });
}

} // namespace gridtwin
