#include "src/commands/export.hpp"
#include "src/commands/spool.hpp"
#include "src/store/bytes.hpp"

#include <algorithm>
#include <tuple>

namespace gridtwin {

namespace {

/// Rows of one meter and quantity that stand together in the spool, in order of time.
struct block {
  std::uint64_t mpan = 0;
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
  std::int32_t first_period = 0;
  std::uint8_t rank = 0; ///< of the quantity's name

  auto key() const noexcept { return std::tuple(mpan, rank, first_period); }
};

/// Exports are sorted by meter, stores by transformer: rows are spooled by transformer and read back by meter.
class reading_sorter {
public:
  reading_sorter(store_view& view, const export_scope& scope) : view_(&view), scope_(&scope) {}

  result<void> add_transformer(transformer_index t);
  result<void> write(table_writer& out);

private:
  struct pending_rows {
    std::string bytes;
    std::int32_t first_period = 0;
  };

  void add_day(const meter_day& readings, utc_day day, pending_rows& rows);
  result<void> flush(const transformer_day_reader& reader);
  result<void> write_block(const block& b, table_writer& out);

  static constexpr std::size_t pending_limit = std::size_t{32} << 20;

  store_view* view_;
  const export_scope* scope_;
  spool spool_;
  std::vector<block> blocks_;
  std::vector<pending_rows> pending_; ///< by place and quantity's rank
  std::size_t pending_bytes_ = 0;
};

void reading_sorter::add_day(const meter_day& readings, utc_day day, pending_rows& rows) {
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
    w.number(now->version);
  }
  pending_bytes_ += rows.bytes.size() - before;
}

result<void> reading_sorter::flush(const transformer_day_reader& reader) {
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    pending_rows& rows = pending_[i];
    if (rows.bytes.empty())
      continue;
    blocks_.push_back({reader.meter(i / quantity_count).mpan.number, spool_.size(),
                       static_cast<std::uint32_t>(rows.bytes.size()), rows.first_period,
                       static_cast<std::uint8_t>(i % quantity_count)});
    if (auto kept = spool_.append(rows.bytes); !kept)
      return kept;
    rows = {};
  }
  pending_bytes_ = 0;
  return {};
}

result<void> reading_sorter::add_transformer(transformer_index t) {
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
      if (auto kept = flush(reader); !kept)
        return kept;
  }
  return flush(reader);
}

result<void> reading_sorter::write_block(const block& b, table_writer& out) {
  std::string bytes;
  if (auto read = spool_.read(b.offset, b.size, bytes); !read)
    return read;
  const std::string meter = to_string(mpan{b.mpan});
  byte_reader in(bytes);
  while (!in.at_end()) {
    const period p{static_cast<std::int32_t>(in.number())};
    const std::int64_t wh = in.signed_number();
    const quality q{in.byte()};
    const std::uint8_t reason = in.byte();
    const std::uint64_t version = in.number();
    out.row({meter, name_of(quantities_by_name[b.rank]), format_period(p), std::to_string(wh), name_of(q),
             reason == 0 ? std::string() : std::to_string(reason), std::to_string(version)});
  }
  return {};
}

result<void> reading_sorter::write(table_writer& out) {
  std::sort(blocks_.begin(), blocks_.end(), [](const block& a, const block& b) { return a.key() < b.key(); });
  for (const block& b : blocks_)
    if (auto written = write_block(b, out); !written)
      return written;
  return {};
}

} // namespace

result<void> export_readings(store_view& view, const export_scope& scope, table_writer& out) {
  out.header({{"mpan"}, {"quantity"}, {"period_end"}, {"wh", true}, {"quality"}, {"reason"}, {"version", true}});
  reading_sorter sorter(view, scope);
  for (std::uint32_t t = 0; t < view.estate().transformers.size(); ++t)
    if (scope.holds(view.estate(), transformer_index{t}))
      if (auto added = sorter.add_transformer({t}); !added)
        return added;
  return sorter.write(out);
}

} // namespace gridtwin
