#include "src/store/gap_scan.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

std::vector<mpan> meters_across_transformers(const estate& e) {
  std::unordered_map<std::uint64_t, std::uint32_t> seen;
  std::vector<mpan> out;
  for (const connection& c : e.connections) {
    if (c.effective == period_range{}) // for ever: it has no other row
      continue;
    const std::uint32_t t = e.transformer_of(c).value;
    const auto [at, fresh] = seen.try_emplace(c.mpan.number, t);
    if (!fresh && at->second != t)
      out.push_back(c.mpan);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void join_ranges(std::vector<period_range>& ranges) {
  std::sort(ranges.begin(), ranges.end(), [](auto a, auto b) { return a.first < b.first; });
  std::vector<period_range> joined;
  for (const period_range& r : ranges) {
    if (!joined.empty() && joined.back().end >= r.first)
      joined.back().end = std::max(joined.back().end, r.end);
    else
      joined.push_back(r);
  }
  ranges = std::move(joined);
}

gap_scan::gap_scan(const estate& e, std::span<const connection_index> connections, found_function found)
  : estate_(&e), found_(std::move(found)) {
  std::unordered_map<std::uint64_t, std::uint32_t> meter_of_mpan;
  meters_.reserve(connections.size());
  meter_of_.reserve(connections.size());
  for (const connection_index c : connections) {
    const connection& here = e.connections[c.value];
    if (here.effective == period_range{}) { // for ever: the meter has no other row
      meter_of_.push_back(static_cast<std::uint32_t>(meters_.size()));
      meters_.push_back({c, {}, {}, {}});
      continue;
    }
    const auto [at, fresh] = meter_of_mpan.try_emplace(here.mpan.number, static_cast<std::uint32_t>(meters_.size()));
    if (fresh)
      meters_.push_back({c, {}, {}, {}});
    meter& m = meters_[at->second];
    m.connections.push_back(c);
    if (!fresh && m.ranges.empty())
      m.ranges.push_back(e.connections[m.first.value].effective);
    if (!fresh)
      m.ranges.push_back(here.effective);
    meter_of_.push_back(at->second);
  }
  for (meter& m : meters_)
    join_ranges(m.ranges);
}

void gap_scan::add(std::size_t place, quantity q, std::uint64_t mask) {
  const std::uint32_t m = meter_of_[place];
  row& r = meters_[m].rows[index_of(q)];
  if (r.today == 0 && mask != 0)
    touched_.push_back(m * static_cast<std::uint32_t>(quantity_count) + static_cast<std::uint32_t>(index_of(q)));
  r.today |= mask;
}

connection_index gap_scan::connection_at(const meter& m, period p) const {
  for (const connection_index c : m.connections)
    if (estate_->connections[c.value].effective.contains(p))
      return c;
  return m.first;
}

void gap_scan::end_day(utc_day day) {
  for (const std::uint32_t key : touched_) {
    meter& m = meters_[key / quantity_count];
    row& r = m.rows[key % quantity_count];
    const auto q = static_cast<quantity>(key % quantity_count);
    r.finder.add_day(day, std::exchange(r.today, 0), [&](const gap& g) {
      if (m.ranges.empty())
        return found_({m.first, q, g});
      // Half hours in which the meter was connected nowhere are not missing.
      for (const period_range& range : m.ranges) {
        const gap part{{std::max(g.first.number, range.first)}, {std::min(g.last.number, range.end - 1)}};
        if (part.first <= part.last)
          found_({connection_at(m, part.first), q, part});
      }
    });
  }
  touched_.clear();
}

} // namespace gridtwin
