#include "src/gaps/kept_presence.hpp"

#include <algorithm>
#include <iterator>

namespace gridtwin {

kept_presence::cursor& kept_presence::at(std::uint32_t shard, std::int64_t after) {
  std::list<cursor>& of = cursors_[shard];
  auto at = std::find_if(of.begin(), of.end(), [&](const cursor& c) { return c.after == after; });
  if (at == of.end()) {
    if (of.size() == cursors_of_shard)
      of.erase(
        std::min_element(of.begin(), of.end(), [](const cursor& a, const cursor& b) { return a.used < b.used; }));
    at = of.insert(of.end(), {++next_, after, 0, {}, 0});
  }
  at->used = ++next_;
  return *at;
}

void kept_presence::drop(std::uint32_t shard, std::uint64_t number) {
  cursors_[shard].remove_if([&](const cursor& c) { return c.number == number; });
}

void kept_presence::drop_all() {
  cursors_.clear();
  day_of_key_.clear();
  days_.clear();
  rows_ = 0;
}

void kept_presence::trim() {
  while (rows_ > most_rows && !days_.empty()) {
    rows_ -= days_.front().counted;
    day_of_key_.erase(days_.front().of);
    days_.pop_front();
  }
}

presence_rows* kept_presence::place::find(utc_day day) {
  if (keeper_ == nullptr) {
    const auto at = days_.find(day);
    return at == days_.end() ? nullptr : &at->second;
  }
  const auto at = keeper_->day_of_key_.find({of_->number, unit_, day});
  if (at == keeper_->day_of_key_.end())
    return nullptr;
  kept_day& kept = *at->second;
  // It may have grown since.
  keeper_->rows_ += kept.rows.size() + rows_of_day - kept.counted;
  kept.counted = kept.rows.size() + rows_of_day;
  keeper_->days_.splice(keeper_->days_.end(), keeper_->days_, at->second);
  return &kept.rows;
}

presence_rows& kept_presence::place::add(utc_day day, presence_rows rows) {
  if (keeper_ == nullptr)
    return days_[day] = std::move(rows);
  const key of{of_->number, unit_, day};
  const std::size_t counted = rows.size() + rows_of_day;
  keeper_->days_.push_back({of, std::move(rows), counted});
  keeper_->day_of_key_[of] = std::prev(keeper_->days_.end());
  keeper_->rows_ += counted;
  return keeper_->days_.back().rows;
}

kept_presence::edges* kept_presence::place::known_edges() {
  if (keeper_ == nullptr)
    return edges_ ? &*edges_ : nullptr;
  const auto at = of_->edges_of.find(unit_);
  return at == of_->edges_of.end() ? nullptr : &at->second;
}

kept_presence::edges& kept_presence::place::add_edges(edges of) {
  if (keeper_ == nullptr)
    return edges_.emplace(std::move(of));
  if (of_->edges_kept + of.size() > most_edges) {
    of_->edges_of.clear();
    of_->edges_kept = 0;
  }
  of_->edges_kept += of.size();
  return of_->edges_of[unit_] = std::move(of);
}

void kept_presence::place::move_edges(const std::map<std::uint32_t, std::vector<day_change>>& changes) {
  edges* const known = known_edges();
  if (known == nullptr)
    return;
  for (const auto& [row, of] : changes)
    for (const day_change& c : of) {
      const std::uint64_t fresh = c.after & ~c.before;
      if (fresh == 0)
        continue;
      const period first = period_at(c.day, first_of(fresh));
      const period last = period_at(c.day, last_of(fresh));
      auto& edge = known->try_emplace(row, first, last).first->second;
      edge = {std::min(edge.first, first), std::max(edge.second, last)};
    }
}

} // namespace gridtwin
