#include "src/half_hours/figure_day.hpp"

#include <algorithm>
#include <map>

namespace gridtwin {

figure_day::figure_day(std::shared_ptr<const run_settings> by, transformer_index t, utc_day day,
                       std::uint32_t privacy_floor)
  : by_(std::move(by)), transformer_(t), day_(day), floor_(privacy_floor), guard_(*by_->estate, t, by_->rules),
    feeders_(guard_.size()) {}

result<std::uint32_t> figure_day::place_of(const stored_reading& r, std::span<const std::string> feeder_of) {
  const auto [at, fresh] = twin_of_slot_.try_emplace(r.twin.value, static_cast<std::uint32_t>(twins_.size()));
  if (!fresh)
    return at->second;
  const auto feeder = r.twin.value < feeder_of.size() ? guard_.place_of(feeder_of[r.twin.value]) : std::nullopt;
  if (!feeder) {
    twin_of_slot_.erase(at);
    return error{errc::store_failed, "the store has readings of a feeder that the estate of their run did not have"};
  }
  twins_.emplace_back();
  feeder_of_twin_.push_back(static_cast<std::uint32_t>(*feeder));
  return at->second;
}

figure_day::contribution figure_day::contribution_of(std::uint32_t twin, int slot) const {
  const auto wh_of = [&](quantity q) -> std::optional<std::int64_t> {
    const meter_day* const held = twins_[twin].find(day_, q);
    const auto now = held == nullptr ? std::nullopt : held->current(slot);
    return now ? std::optional(now->content.wh) : std::nullopt;
  };
  return {half_hour_of(twins_[twin], day_, slot), wh_of(quantity::active_import), wh_of(quantity::active_export)};
}

bool figure_day::is_quarantined(std::size_t feeder, int slot) const noexcept {
  const auto at = static_cast<std::size_t>(slot);
  return guard_.exceeded_limit_wh(feeder, period_at(day_, slot), feeders_[feeder].load[at]).has_value();
}

/// A feeder that should have enough meters is a group of its own; the others are one together, behind them.
std::size_t figure_day::group_of(std::size_t feeder, int slot) const noexcept {
  return guard_.expected(feeder).at(period_at(day_, slot)) >= floor_ ? feeder : guard_.size();
}

result<void> figure_day::add(std::span<const stored_reading> readings, std::span<const std::string> feeder_of,
                             bool went_by) {
  // By half hour: the twins that the record touches, with what they gave before.
  std::map<int, std::vector<std::pair<std::uint32_t, contribution>>> before;
  for (const stored_reading& r : readings) {
    const auto twin = place_of(r, feeder_of);
    if (!twin)
      return twin.failure();
    auto& of = before[r.slot];
    if (std::none_of(of.begin(), of.end(), [&](const auto& one) { return one.first == *twin; }))
      of.emplace_back(*twin, contribution_of(*twin, r.slot));
  }
  for (const stored_reading& r : readings)
    twins_[twin_of_slot_.at(r.twin.value)].restore(r.day, r.quantity, r.slot, r.version, r.content, true);
  touched_.clear();
  for (const auto& [slot, of] : before) {
    touched t;
    t.slot = slot;
    const auto at = static_cast<std::size_t>(slot);
    for (const auto& [twin, was] : of) {
      const contribution now = contribution_of(twin, slot);
      feeder_figures& f = feeders_[feeder_of_twin_[twin]];
      (f.load[at] -= was.load) += now.load;
      f.importing[at] = f.importing[at] - (was.import_wh ? 1U : 0U) + (now.import_wh ? 1U : 0U);
      f.exporting[at] = f.exporting[at] - (was.export_wh ? 1U : 0U) + (now.export_wh ? 1U : 0U);
      t.feeders.push_back(feeder_of_twin_[twin]);
    }
    std::sort(t.feeders.begin(), t.feeders.end());
    t.feeders.erase(std::unique(t.feeders.begin(), t.feeders.end()), t.feeders.end());
    release(t, of, went_by);
    touched_.push_back(std::move(t));
  }
  return {};
}

void figure_day::release(touched& t, const std::vector<std::pair<std::uint32_t, contribution>>& before, bool went_by) {
  const auto at = static_cast<std::size_t>(t.slot);
  const std::size_t rest = guard_.size();
  std::vector<figure_release::group> imports(rest + 1);
  std::vector<figure_release::group> exports(rest + 1);
  bool whole = true; // of the feeders that are one group together, the transformer's figure has all
  for (std::size_t f = 0; f < rest; ++f) {
    const std::size_t g = group_of(f, t.slot);
    imports[g].reporting += feeders_[f].importing[at];
    exports[g].reporting += feeders_[f].exporting[at];
    if (!is_quarantined(f, t.slot))
      continue;
    whole = whole && g != rest;
    imports[g].in_total = exports[g].in_total = false;
  }
  for (const auto& [twin, was] : before) {
    const contribution now = contribution_of(twin, t.slot);
    const std::size_t g = group_of(feeder_of_twin_[twin], t.slot);
    if (now.import_wh != was.import_wh)
      imports[g].changed.push_back({twin, was.import_wh, now.import_wh});
    if (now.export_wh != was.export_wh)
      exports[g].changed.push_back({twin, was.export_wh, now.export_wh});
  }
  auto& [import_release, export_release] = releases_[at];
  t.imported = import_release.add(imports, whole, floor_, went_by);
  t.exported = export_release.add(exports, whole, floor_, went_by);
}

half_hour_event figure_day::event_of(int slot) const {
  half_hour_event out;
  out.transformer = by_->estate->transformers[transformer_.value].id;
  out.period = period_at(day_, slot);
  out.estate = by_->estate_hash;
  out.rules_version = by_->rules.version;
  return out;
}

std::vector<half_hour_event> figure_day::feeders() const {
  std::vector<half_hour_event> out;
  for (const touched& t : touched_) {
    const auto at = static_cast<std::size_t>(t.slot);
    for (const std::size_t f : t.feeders) {
      half_hour_event e = event_of(t.slot);
      e.feeder = guard_.feeder(f).id;
      e.load = feeders_[f].load[at];
      e.expected = static_cast<std::uint32_t>(guard_.expected(f).at(e.period));
      e.exceeded_limit_wh = guard_.exceeded_limit_wh(f, e.period, e.load);
      const std::size_t g = group_of(f, t.slot);
      // One of several in a group is told of by itself to nobody who sees aggregates alone.
      const std::uint32_t most = g == f ? of_nobody : 0;
      e.import_contributors = std::min(t.imported.of_groups[g], most);
      e.export_contributors = std::min(t.exported.of_groups[g], most);
      out.push_back(std::move(e));
    }
  }
  return out;
}

std::vector<half_hour_event> figure_day::transformer() const {
  std::vector<half_hour_event> out;
  const transformer_info& info = by_->estate->transformers[transformer_.value];
  for (const touched& t : touched_) {
    half_hour_event e = event_of(t.slot);
    for (std::size_t f = 0; f < guard_.size(); ++f) {
      const half_hour_load& load = feeders_[f].load[static_cast<std::size_t>(t.slot)];
      e.expected += static_cast<std::uint32_t>(guard_.expected(f).at(e.period));
      if (is_quarantined(f, t.slot)) {
        ++e.feeders_quarantined;
        e.load.revision += load.revision;
      } else {
        e.load += load;
      }
    }
    e.import_contributors = t.imported.of_total;
    e.export_contributors = t.exported.of_total;
    e.rating_va = info.rating_va;
    e.power_factor_ppm = info.power_factor_ppm;
    out.push_back(std::move(e));
  }
  return out;
}

} // namespace gridtwin
