#include "src/commands/bound_rules.hpp"
#include "src/commands/export.hpp"
#include "src/store/feeder_guard.hpp"
#include "src/store/transformer_day_reader.hpp"
#include "twins/load.hpp"
#include "twins/publication.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

/// When a half hour of a feeder was first known of, and when anything that it is made of became known last: seconds
/// since the epoch. A correction or a contradiction is something that became known.
struct change_times {
  std::int64_t first_s = 0;
  std::int64_t last_s = 0;
  bool known = false;

  void add(std::int64_t known_s) noexcept {
    first_s = known ? std::min(first_s, known_s) : known_s;
    last_s = known ? std::max(last_s, known_s) : known_s;
    known = true;
  }
};

/// What there is to publish of a half hour of a feeder.
struct half_hour_sums {
  half_hour_load load;
  contributors of;
  std::int64_t reactive_varh = 0;
  change_times changed; ///< of active and reactive import
};
using day_sums = std::array<half_hour_sums, periods_per_day>;

/// The readings of a transformer's day by when they became known. Equal ones count once, with the earliest time: which
/// of them came first must not matter.
class known_readings {
public:
  explicit known_readings(std::size_t meters) : first_(meters * published * periods_per_day) {}

  void clear() {
    std::fill(first_.begin(), first_.end(), entry{});
    others_.clear();
  }
  void add(std::uint32_t place, const stored_reading& r, std::int64_t known_s) {
    if (r.quantity != quantity::active_import && r.quantity != quantity::reactive_import)
      return;
    const std::size_t at = place_of(place, r.quantity, r.slot);
    entry& first = first_[at];
    if (first.version == 0)
      first = {r.version, r.content, known_s};
    else if (first.is(r))
      first.known_s = std::min(first.known_s, known_s);
    else
      add_beside(at, r, known_s);
  }
  /// Adds the times of one meter's half hour.
  void add_to(change_times& times, std::uint32_t place, int slot) const {
    for (const quantity q : {quantity::active_import, quantity::reactive_import}) {
      const std::size_t at = place_of(place, q, static_cast<std::uint8_t>(slot));
      if (first_[at].version == 0)
        continue;
      times.add(first_[at].known_s);
      const auto [begin, end] = others_.equal_range(at);
      for (auto other = begin; other != end; ++other)
        times.add(other->second.known_s);
    }
  }

private:
  static constexpr std::size_t published = 2; ///< quantities
  struct entry {
    std::uint16_t version = 0; ///< 0: nothing
    gridtwin::content content;
    std::int64_t known_s = 0;
    bool is(const stored_reading& r) const noexcept { return version == r.version && content == r.content; }
  };

  static std::size_t place_of(std::uint32_t place, quantity q, std::uint8_t slot) noexcept {
    return (place * published + (q == quantity::active_import ? 0 : 1)) * periods_per_day + slot;
  }
  void add_beside(std::size_t at, const stored_reading& r, std::int64_t known_s) {
    const auto [begin, end] = others_.equal_range(at);
    for (auto other = begin; other != end; ++other)
      if (other->second.is(r)) {
        other->second.known_s = std::min(other->second.known_s, known_s);
        return;
      }
    others_.emplace(at, entry{r.version, r.content, known_s});
  }

  std::vector<entry> first_;
  std::unordered_multimap<std::size_t, entry> others_; ///< corrections and contradictions: few
};

/// The days of a transformer, each with a day's sums for each of its feeders.
class published_days {
public:
  published_days(store_view& view, transformer_index t)
    : view_(&view), transformer_(t), reader_(view.cut(), t), known_(reader_.size()) {}

  struct day {
    utc_day of;
    std::vector<day_sums> feeders; ///< by place within the transformer
  };

  result<std::vector<day>> read(const export_scope& scope) {
    std::vector<day> out;
    for (const utc_day of : view_->days_of(transformer_)) {
      if (!scope.holds(of))
        continue;
      known_.clear();
      const auto loaded = reader_.load(of, [this](std::uint32_t place, const stored_reading& r, std::int64_t known_s) {
        known_.add(place, r, known_s);
      });
      if (!loaded)
        return loaded.failure();
      out.push_back({of, sum(of)});
    }
    return out;
  }

private:
  std::vector<day_sums> sum(utc_day of) const {
    const feeder_range feeders = feeders_of(view_->estate(), transformer_);
    std::vector<day_sums> out(feeders.count);
    for (std::uint32_t place = 0; place < reader_.size(); ++place) {
      day_sums& sums = out[reader_.meter(place).feeder.value - feeders.first];
      const meter_twin& twin = reader_.twin(place);
      if (!twin.holds(of))
        continue;
      for (int slot = 0; slot < periods_per_day; ++slot) {
        half_hour_sums& cell = sums[static_cast<std::size_t>(slot)];
        cell.load += half_hour_of(twin, of, slot);
        known_.add_to(cell.changed, place, slot);
      }
      add_contributor(sums, twin, of);
    }
    return out;
  }
  /// Whoever gives only export or reactive energy hides nobody's import: meters count by quantity.
  static void add_contributor(day_sums& sums, const meter_twin& twin, utc_day of) {
    const meter_day* const active = twin.find(of, quantity::active_import);
    const meter_day* const reactive = twin.find(of, quantity::reactive_import);
    for (int slot = 0; slot < periods_per_day; ++slot) {
      half_hour_sums& cell = sums[static_cast<std::size_t>(slot)];
      if (active != nullptr && active->current(slot))
        ++cell.of.active;
      if (reactive == nullptr)
        continue;
      if (const auto now = reactive->current(slot)) {
        ++cell.of.reactive;
        cell.reactive_varh += now->content.wh;
      }
    }
  }

  store_view* view_;
  transformer_index transformer_;
  transformer_day_reader reader_;
  known_readings known_;
};

void write_row(const publication& as, const transformer_info& t, const feeder_info& feeder, period p,
               const half_hour_sums& cell, table_writer& out) {
  const suppression why = suppression_of(cell.of, as.privacy_floor);
  std::string devices;
  std::string active_wh;
  std::string reactive_devices;
  std::string reactive_varh;
  std::string inserted;
  std::string modified;
  if (why == suppression::none || why == suppression::reactive_too_few) {
    devices = std::to_string(cell.of.active);
    active_wh = std::to_string(cell.load.import_wh);
    inserted = format_instant(cell.changed.first_s);
    modified = format_instant(cell.changed.last_s);
  }
  if (why == suppression::none && cell.of.reactive != 0) {
    reactive_devices = std::to_string(cell.of.reactive);
    reactive_varh = std::to_string(cell.reactive_varh);
  }
  // A meter has one active import here: all of it is primary, and of a secondary element nothing is known.
  out.row({t.id + "-" + feeder.id, as.dno_name, as.dno_alias, t.id, t.name, feeder.id, feeder.name, "", devices,
           active_wh, "", active_wh, reactive_devices, reactive_varh, format_period(p), inserted, modified,
           reason_of(why, as.privacy_floor)});
}

} // namespace

/// The columns of network operators' open data, in their order, and one of ours behind them (PI-02, AG-04). A row for
/// each half hour of a feeder with a current value of active or reactive import.
result<void> export_lv_feeder(store_view& view, const export_scope& scope, table_writer& out) {
  out.header({{"dataset_id"},
              {"dno_name"},
              {"dno_alias"},
              {"secondary_substation_id"},
              {"secondary_substation_name"},
              {"lv_feeder_id"},
              {"lv_feeder_name"},
              {"substation_geo_location"},
              {"aggregated_device_count_active", true},
              {"primary_consumption_active_import", true},
              {"secondary_consumption_active_import", true},
              {"total_consumption_active_import", true},
              {"aggregated_device_count_reactive", true},
              {"total_consumption_reactive_import", true},
              {"data_collection_log_timestamp"},
              {"insert_time"},
              {"last_modified_time"},
              {"suppressed"}});
  const auto rules = bound_rules(view);
  if (!rules)
    return rules.failure();
  const estate& e = view.estate();
  for (std::uint32_t t = 0; t < e.transformers.size(); ++t) {
    if (!scope.holds(e, transformer_index{t}))
      continue;
    const auto days = published_days(view, {t}).read(scope);
    if (!days)
      return days.failure();
    const feeder_guard guard(e, {t}, *rules);
    for (std::size_t place = 0; place < guard.size(); ++place) {
      if (scope.feeder && guard.feeder(place).id != *scope.feeder)
        continue;
      for (const published_days::day& day : *days)
        for (int slot = 0; slot < periods_per_day; ++slot) {
          half_hour_sums cell = day.feeders[place][static_cast<std::size_t>(slot)];
          const period p = period_at(day.of, slot);
          if ((cell.of.active == 0 && cell.of.reactive == 0) || !scope.range.contains(p))
            continue;
          cell.of.over_maximum = guard.exceeded_limit_wh(place, p, cell.load).has_value();
          write_row(scope.publication, e.transformers[t], guard.feeder(place), p, cell, out);
        }
    }
  }
  return {};
}

} // namespace gridtwin
