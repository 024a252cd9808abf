#include "src/store/reading_places.hpp"

#include <algorithm>
#include <tuple>

namespace gridtwin {

void left_readings::add(const narrowed_connection& n, const std::vector<row_place>& rows) {
  slots_.emplace(n.slot.value, left_slot{n.mpan, n.lost, &rows, std::vector<bool>(rows.size())});
  const period_range& was = n.before;
  if (n.lost != 0 || n.allowed.first >= n.allowed.end) {
    ranges_.push_back(was);
    return;
  }
  if (was.first < n.allowed.first)
    ranges_.push_back({was.first, std::min(was.end, n.allowed.first)});
  if (n.allowed.end < was.end)
    ranges_.push_back({std::max(was.first, n.allowed.end), was.end});
}

bool left_readings::any_leaves(utc_day day) const {
  const std::int32_t first = period_at(day, 0).number;
  return std::any_of(ranges_.begin(), ranges_.end(),
                     [first](const period_range& r) { return r.first < first + periods_per_day && r.end > first; });
}

reading_fate left_readings::fate_of(const stored_reading& r) {
  const auto at = slots_.find(r.twin.value);
  if (at == slots_.end())
    return {};
  left_slot& left = at->second;
  const period p = period_at(r.day, r.slot);
  const auto row = std::find_if(left.rows->begin(), left.rows->end(),
                                [p](const row_place& place) { return place.effective.contains(p); });
  if (row == left.rows->end())
    return {reading_fate::orphaned, {}};
  const bool stays = row->place == stored_place{transformer_, r.twin};
  const std::uint8_t refused = stays ? left.lost : static_cast<std::uint8_t>(~row->quantities);
  if ((refused & mask_of(r.quantity)) != 0)
    return {reading_fate::orphaned, {}};
  if (stays)
    return {};
  left.taken[static_cast<std::size_t>(row - left.rows->begin())] = true;
  return {reading_fate::moves, row->place};
}

void left_readings::list_made(std::vector<moved_range>& out) const {
  for (const auto& [slot, left] : slots_)
    for (std::size_t i = 0; i < left.taken.size(); ++i)
      if (left.taken[i])
        out.push_back({{transformer_, {slot}}, (*left.rows)[i].effective, (*left.rows)[i].place});
}

reading_places::reading_places(const estate& e, const topology& names,
                               const std::vector<narrowed_connection>& narrowed) {
  for (const narrowed_connection& n : narrowed)
    rows_.try_emplace(n.mpan.number);
  for (std::size_t i = 0; i < e.connections.size() && !rows_.empty(); ++i) {
    const connection& c = e.connections[i];
    if (const auto at = rows_.find(c.mpan.number); at != rows_.end())
      at->second.push_back({c.effective, c.quantities, {names.number_of[e.transformer_of(c).value], names.slot_of[i]}});
  }
  for (const narrowed_connection& n : narrowed)
    left_.try_emplace(n.transformer.value, n.transformer).first->second.add(n, rows_.at(n.mpan.number));
}

left_readings* reading_places::find(transformer_number t) {
  const auto at = left_.find(t.value);
  return at == left_.end() ? nullptr : &at->second;
}

std::vector<moved_range> reading_places::made() const {
  std::vector<moved_range> out;
  for (const auto& [number, left] : left_)
    left.list_made(out);
  std::sort(out.begin(), out.end(), [](const moved_range& a, const moved_range& b) {
    return std::tuple(a.from.transformer, a.from.slot, a.periods.first)
           < std::tuple(b.from.transformer, b.from.slot, b.periods.first);
  });
  return out;
}

} // namespace gridtwin
