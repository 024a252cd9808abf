#include "src/commands/sorted_readings.hpp"

#include "src/store/bytes.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

constexpr std::size_t pending_limit = std::size_t{32} << 20;

} // namespace

void sorted_readings::add_day(const meter_day& readings, utc_day day, pending_rows& rows) {
  const std::size_t before = rows.bytes.size();
  byte_writer w(rows.bytes);
  for (int slot = 0; slot < periods_per_day; ++slot) {
    const period p = period_at(day, slot);
    const auto now = readings.current(slot);
    if (!now || !scope_->range.contains(p))
      continue;
    if (rows.bytes.empty())
      rows.first_period = p.number;
    w.number(static_cast<std::uint64_t>(p.number));
    w.signed_number(now->content.wh);
    w.byte(now->content.quality.code);
    w.byte(now->content.reasons.estimation);
    w.byte(static_cast<std::uint8_t>(now->content.reasons.amendment));
    w.number(now->version);
  }
  pending_bytes_ += rows.bytes.size() - before;
}

result<void> sorted_readings::flush(connection_index first) {
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    pending_rows& rows = pending_[i];
    if (rows.bytes.empty())
      continue;
    const connection_index c{first.value + static_cast<std::uint32_t>(i / quantity_count)};
    blocks_.push_back({view_->estate().connections[c.value].mpan.number, spool_.size(), c,
                       static_cast<std::uint32_t>(rows.bytes.size()), rows.first_period,
                       static_cast<std::uint8_t>(i % quantity_count)});
    if (auto kept = spool_.append(rows.bytes); !kept)
      return kept;
    rows = {};
  }
  pending_bytes_ = 0;
  return {};
}

result<void> sorted_readings::add_transformer(transformer_index t) {
  const estate& e = view_->estate();
  const connection_range range = connections_of(e, t);
  const bool wanted =
    std::any_of(e.connections.begin() + range.first, e.connections.begin() + range.first + range.count,
                [&](const connection& c) { return scope_->holds(e, c); });
  if (!wanted)
    return {};
  transformer_day_reader reader(view_->cut(), t);
  pending_.assign(reader.size() * quantity_count, {});
  for (const utc_day day : view_->days_of(t)) {
    if (!scope_->holds(day))
      continue;
    if (auto loaded = reader.load(day); !loaded)
      return loaded;
    for (std::size_t place = 0; place < reader.size(); ++place)
      if (scope_->holds(e, reader.meter(place)))
        for (std::size_t rank = 0; rank < quantity_count; ++rank)
          if (const meter_day* const readings = reader.twin(place).find(day, quantities_by_name[rank]))
            add_day(*readings, day, pending_[place * quantity_count + rank]);
    if (pending_bytes_ >= pending_limit)
      if (auto kept = flush({range.first}); !kept)
        return kept;
  }
  return flush({range.first});
}

result<void> sorted_readings::gather() {
  for (std::uint32_t t = 0; t < view_->estate().transformers.size(); ++t)
    if (scope_->holds(view_->estate(), transformer_index{t}))
      if (auto added = add_transformer({t}); !added)
        return added;
  std::sort(blocks_.begin(), blocks_.end(), [](const block& a, const block& b) { return a.key() < b.key(); });
  return {};
}

result<void> sorted_readings::for_each(const visitor& f) {
  std::string bytes;
  std::vector<standing_half_hour> half_hours;
  for (const block& b : blocks_) {
    if (auto read = spool_.read(b.offset, b.size, bytes); !read)
      return read;
    half_hours.clear();
    byte_reader in(bytes);
    while (!in.at_end()) {
      standing_half_hour& one = half_hours.emplace_back();
      one.period = {static_cast<std::int32_t>(in.number())};
      one.content.wh = in.signed_number();
      one.content.quality = {in.byte()};
      one.content.reasons.estimation = in.byte();
      one.content.reasons.amendment = static_cast<char>(in.byte());
      one.version = static_cast<std::uint32_t>(in.number());
    }
    if (auto seen = f(b.connection, quantities_by_name[b.rank], half_hours); !seen)
      return seen;
  }
  return {};
}

} // namespace gridtwin
