#include "src/commands/export.hpp"
#include "src/commands/sorted_rows.hpp"
#include "twins/lateness.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

using histograms = std::map<std::pair<mpan, quantity>, lateness_histogram>;

/// When the first reading of each half hour of a transformer's UTC day became known, by place and quantity.
class first_known {
public:
  first_known(store_view& view, transformer_index t)
    : view_(&view), transformer_(t), range_(connections_of(view.estate(), t)) {
    for (std::uint32_t place = 0; place < range_.count; ++place)
      place_of_.emplace(view.topology().slot_of[range_.first + place].value, place);
  }

  result<void> load(utc_day day) {
    at_.assign(range_.count * quantity_count, none());
    const auto loaded = view_->reader().load(
      view_->topology().number_of[transformer_.value], day, [&](const stored_reading& r, const fragment_origin& from) {
        const auto place = place_of_.find(r.twin.value);
        const std::int64_t known_s = from.known.of(period_at(r.day, r.slot));
        if (place == place_of_.end() || (view_->as_known_at() && known_s > *view_->as_known_at()))
          return;
        std::int64_t& first = at_[place->second * quantity_count + index_of(r.quantity)][r.slot];
        first = std::min(first, known_s);
      });
    return loaded ? result<void>() : result<void>(loaded.failure());
  }

  std::optional<std::int64_t> of(std::uint32_t place, quantity q, int slot) const noexcept {
    const std::int64_t at = at_[place * quantity_count + index_of(q)][static_cast<std::size_t>(slot)];
    return at == never ? std::nullopt : std::optional(at);
  }

private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  using of_day = std::array<std::int64_t, periods_per_day>;
  static of_day none() {
    of_day out;
    out.fill(never);
    return out;
  }

  store_view* view_;
  transformer_index transformer_;
  connection_range range_;
  std::unordered_map<std::uint32_t, std::uint32_t> place_of_; ///< by slot
  std::vector<of_day> at_;
};

result<void> add_transformer(store_view& view, const export_scope& scope, transformer_index t,
                             const std::function<lateness_histogram&(mpan, quantity)>& histogram_of) {
  const estate& e = view.estate();
  const connection_range range = connections_of(e, t);
  first_known known(view, t);
  for (const utc_day day : view.days_of(t)) {
    if (!scope.holds(day))
      continue;
    if (auto loaded = known.load(day); !loaded)
      return loaded;
    for (std::uint32_t place = 0; place < range.count; ++place) {
      const connection& c = e.connections[range.first + place];
      if (!scope.holds(e, c))
        continue;
      for (const quantity q : quantities_by_name)
        for (int slot = 0; slot < periods_per_day; ++slot) {
          const period p = period_at(day, slot);
          const auto at = known.of(place, q, slot);
          if (at && scope.range.contains(p))
            histogram_of(c.mpan, q).add(lateness_s({*at}, p));
        }
    }
  }
  return {};
}

void add_rows(const histograms& of, sorted_rows& rows) {
  for (const auto& [key, histogram] : of) {
    std::vector<std::string> fields{to_string(key.first), std::string(name_of(key.second)), {}};
    std::uint64_t half_hours = 0;
    for (const std::uint64_t count : histogram.counts) {
      half_hours += count;
      fields.push_back(std::to_string(count));
    }
    fields[2] = std::to_string(half_hours);
    fields.push_back(std::to_string(histogram.early));
    fields.push_back(std::to_string(histogram.worst_s));
    const std::vector<std::string_view> views(fields.begin(), fields.end());
    rows.add({key.first, key.second, 0}, views);
  }
}

} // namespace

/// A row for each meter and quantity with a reading in the scope (TM-09). Of a half hour counts when the first of its
/// readings became known: a correction makes none late.
result<void> export_lateness(store_view& view, const export_scope& scope, table_writer& out) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < lateness_histogram::buckets; ++i)
    names.push_back(i == 0                                 ? "on_time"
                    : i + 1 == lateness_histogram::buckets ? "later"
                                                           : "up_to_" + std::string(lateness_histogram::names[i]));
  std::vector<table_writer::column> columns{{"mpan"}, {"quantity"}, {"half_hours", true}};
  for (const std::string& name : names)
    columns.push_back({name, true});
  columns.push_back({"early", true});
  columns.push_back({"latest_s", true});
  out.header(columns);
  const auto& across = view.meters_across();
  histograms moved; // of several transformers: few
  sorted_rows rows;
  for (std::uint32_t t = 0; t < view.estate().transformers.size(); ++t) {
    if (!scope.holds(view.estate(), transformer_index{t}))
      continue;
    histograms here;
    auto added = add_transformer(view, scope, {t}, [&](mpan m, quantity q) -> lateness_histogram& {
      return (std::binary_search(across.begin(), across.end(), m) ? moved : here)[{m, q}];
    });
    if (!added)
      return added;
    add_rows(here, rows);
    if (auto kept = rows.keep(); !kept)
      return kept;
  }
  add_rows(moved, rows);
  if (auto kept = rows.keep(); !kept)
    return kept;
  return rows.write(out, false);
}

} // namespace gridtwin
