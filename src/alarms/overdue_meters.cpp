#include "src/alarms/overdue_meters.hpp"

#include "src/store/bytes.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

/// A meter has brought nothing yet. No half hour that is stored has this number.
constexpr std::int32_t never = 0;

} // namespace

overdue_meters::overdue_meters(const estate& e, const topology& names, arrival_limits limits, period since)
  : estate_(&e), limits_(limits), since_(since), newest_(e.connections.size(), never),
    connection_of_(e.transformers.size()) {
  for (std::uint32_t t = 0; t < e.transformers.size(); ++t) {
    by_number_.emplace(names.number_of[t].value, transformer_index{t});
    connection_of_[t].assign(names.slots_in[t], -1);
  }
  for (std::uint32_t c = 0; c < e.connections.size(); ++c)
    connection_of_[e.transformer_of(e.connections[c]).value][names.slot_of[c].value] = static_cast<std::int32_t>(c);
}

std::optional<transformer_index> overdue_meters::transformer_called(transformer_number t) const noexcept {
  const auto at = by_number_.find(t.value);
  return at == by_number_.end() ? std::nullopt : std::optional(at->second);
}

void overdue_meters::saw(transformer_number t, twin_slot slot, period p) noexcept {
  const auto at = transformer_called(t);
  if (!at || slot.value >= connection_of_[at->value].size())
    return; // not in the estate any more
  const std::int32_t c = connection_of_[at->value][slot.value];
  if (c >= 0)
    newest_[static_cast<std::size_t>(c)] = std::max(newest_[static_cast<std::size_t>(c)], p.number);
}

std::optional<period> overdue_meters::awaited(connection_index c) const noexcept {
  const connection& row = estate_->connections[c.value];
  const std::int32_t newest = newest_[c.value];
  const std::int64_t next = std::max(newest == never ? std::int64_t{since_.number} : std::int64_t{newest} + 1,
                                     std::int64_t{row.effective.first});
  if (!row.energised || next >= row.effective.end)
    return std::nullopt;
  return period{static_cast<std::int32_t>(next)};
}

std::int64_t overdue_meters::due_s(connection_index c, period p) const noexcept {
  return p.end_s() + limits_[index_of(estate_->connections[c.value].segment)];
}

bool overdue_meters::is_overdue(connection_index c, std::int64_t now_s) const noexcept {
  const auto p = awaited(c);
  return p && due_s(c, *p) <= now_s;
}

std::string overdue_meters::seen_of(transformer_index t) const {
  std::string out;
  byte_writer w(out);
  for (const std::int32_t c : connection_of_[t.value])
    w.signed_number(c < 0 ? never : newest_[static_cast<std::size_t>(c)]);
  return out;
}

bool overdue_meters::take_seen(transformer_index t, std::string_view bytes) {
  std::vector<std::int32_t> seen;
  byte_reader in(bytes);
  while (!in.at_end() && in.ok())
    seen.push_back(static_cast<std::int32_t>(in.signed_number()));
  if (!in.ok() || seen.size() > connection_of_[t.value].size()) // a transformer never has fewer slots than before
    return false;
  for (std::size_t slot = 0; slot < seen.size(); ++slot)
    if (const std::int32_t c = connection_of_[t.value][slot]; c >= 0) {
      std::int32_t& newest = newest_[static_cast<std::size_t>(c)];
      newest = std::max(newest, seen[slot]);
    }
  return true;
}

} // namespace gridtwin
