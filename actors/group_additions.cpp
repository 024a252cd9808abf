#include "actors/group_additions.hpp"

#include "actors/hosted_twins.hpp"

#include <algorithm>
#include <tuple>

namespace gridtwin {

void group_additions::clear() noexcept {
  arrived_.clear();
  rows_.clear();
  exceptions_.clear();
}

void group_additions::add_exception(const sourced_reading& r, utc_day day, std::uint32_t place) {
  stored_reading& e = exceptions_.emplace_back();
  e.twin = slots_[place];
  e.day = day;
  e.slot = static_cast<std::uint8_t>(r.period.slot());
  e.quantity = r.quantity;
  e.version = r.version;
  e.content = {r.wh, r.quality, r.reasons};
}

/// Into the order of fragments. A file in the estate's order has given them so already.
void group_additions::sort() {
  const auto key = [this](const row& r) { return std::tuple(r.day, row_number(slots_[r.place], r.quantity)); };
  const auto less = [&](const row& a, const row& b) { return key(a) < key(b); };
  if (!std::is_sorted(rows_.begin(), rows_.end(), less))
    std::sort(rows_.begin(), rows_.end(), less);
  // A place that went from one day to another and back has more than one row of a day.
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (kept != 0 && key(rows_[kept - 1]) == key(rows_[i]))
      rows_[kept - 1].mask |= rows_[i].mask;
    else
      rows_[kept++] = rows_[i];
  }
  rows_.resize(kept);
}

std::string group_additions::fragment(utc_day day, std::span<const row> rows, const hosted_twins& twins) const {
  std::vector<compact_row> compact;
  compact.reserve(rows.size());
  for (const row& r : rows)
    if (r.mask != 0)
      compact.push_back(
        {slots_[r.place], r.quantity, r.mask, twins.at(r.place).find(day, r.quantity)->plain_wh().data()});
  std::vector<stored_reading> exceptions;
  for (const stored_reading& e : exceptions_)
    if (e.day == day)
      exceptions.push_back(e);
  sort_exceptions(exceptions);
  return encode_fragment(compact, exceptions);
}

} // namespace gridtwin
