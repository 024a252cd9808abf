#include "src/store/feeder_guard.hpp"

#include <algorithm>

namespace gridtwin {

void expected_meters::add(const connection& c) {
  ranges& of = of_kind_[index_of(c.type)][index_of(c.segment)];
  of.firsts.push_back(c.effective.first);
  of.ends.push_back(c.effective.end);
}

void expected_meters::sort() {
  for (auto& segments : of_kind_)
    for (ranges& of : segments) {
      std::sort(of.firsts.begin(), of.firsts.end());
      std::sort(of.ends.begin(), of.ends.end());
    }
}

std::size_t expected_meters::ranges::at(period p) const noexcept {
  const auto begun = std::upper_bound(firsts.begin(), firsts.end(), p.number) - firsts.begin();
  const auto ended = std::upper_bound(ends.begin(), ends.end(), p.number) - ends.begin();
  return static_cast<std::size_t>(begun - ended);
}

std::size_t expected_meters::at(period p) const noexcept {
  std::size_t sum = 0;
  for (const auto& segments : of_kind_)
    for (const ranges& of : segments)
      sum += of.at(p);
  return sum;
}

meter_kinds expected_meters::kinds_at(period p) const noexcept {
  meter_kinds out{};
  for (std::size_t type = 0; type < connection_type_count; ++type)
    for (std::size_t segment = 0; segment < market_segment_count; ++segment)
      out[type][segment] = static_cast<std::uint32_t>(of_kind_[type][segment].at(p));
  return out;
}

feeder_guard::feeder_guard(const estate& e, transformer_index t, const rule_settings& rules)
  : estate_(&e), rules_(&rules), feeders_(feeders_of(e, t)), expected_(feeders_.count) {
  const connection_range connections = connections_of(e, t);
  for (std::uint32_t i = 0; i < connections.count; ++i) {
    const connection& c = e.connections[connections.first + i];
    expected_[c.feeder.value - feeders_.first].add(c);
  }
  for (expected_meters& one : expected_)
    one.sort();
}

std::optional<std::size_t> feeder_guard::place_of(std::string_view feeder) const noexcept {
  const auto first = estate_->feeders.begin() + feeders_.first;
  const auto end = first + feeders_.count;
  const auto at =
    std::lower_bound(first, end, feeder, [](const feeder_info& f, std::string_view wanted) { return f.id < wanted; });
  if (at == end || at->id != feeder)
    return std::nullopt;
  return static_cast<std::size_t>(at - first);
}

std::optional<std::int64_t> feeder_guard::exceeded_limit_wh(std::size_t place, period p,
                                                            const half_hour_load& load) const noexcept {
  if (!rules_->feeders)
    return std::nullopt;
  const std::int64_t limit_wh =
    feeder_limit_wh(*rules_->feeders, rules_->energy, feeder(place).rating_ma, expected_[place].kinds_at(p));
  return is_over(load, limit_wh) ? std::optional(limit_wh) : std::nullopt;
}

day_load sum_believed(const std::vector<feeder_day_load>& feeders, utc_day day, const feeder_guard& guard) {
  day_load sum{};
  for (const feeder_day_load& feeder : feeders) {
    const auto place = guard.place_of(feeder.feeder);
    for (int slot = 0; slot < periods_per_day; ++slot) {
      const auto at = static_cast<std::size_t>(slot);
      if (place && guard.exceeded_limit_wh(*place, period_at(day, slot), feeder.load[at]))
        sum[at].revision += feeder.load[at].revision;
      else
        sum[at] += feeder.load[at];
    }
  }
  return sum;
}

} // namespace gridtwin
