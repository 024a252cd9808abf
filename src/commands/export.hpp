#pragma once

#include "config/market_settings.hpp"
#include "src/commands/store_view.hpp"
#include "src/commands/table_writer.hpp"
#include "twins/cohort_checks.hpp"
#include "twins/publication.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace gridtwin {

/// How what leaves the estate is published (lv-feeder).
struct publication {
  std::uint32_t privacy_floor = default_privacy_floor; ///< meters
  std::string dno_name;                                ///< of the network operator; the estate knows none
  std::string dno_alias;
};

/// What part of a store is exported.
struct export_scope {
  period_range range; ///< of periods, half-open, by their start
  std::optional<std::string> transformer;
  std::optional<std::string> feeder;
  std::optional<gridtwin::mpan> meter;
  gridtwin::publication publication;
  cohort_thresholds cohorts;             ///< for `export_cohort_checks`
  std::optional<market_settings> market; ///< for `export_if021`, which needs it

  bool holds(utc_day day) const noexcept {
    return period_at(day, periods_per_day - 1).number >= range.first && period_at(day, 0).number < range.end;
  }
  bool holds(const estate& e, transformer_index t) const {
    return !transformer || e.transformers[t.value].id == *transformer;
  }
  bool holds(const estate& e, const connection& c) const {
    return (!meter || c.mpan == *meter) && (!feeder || e.feeder_of(c).id == *feeder);
  }
};

// One function a kind; each writes rows sorted by its key columns as bytes.
result<void> export_readings(store_view& view, const export_scope& scope, table_writer& out);
result<void> export_settlement_day(store_view& view, const export_scope& scope, table_writer& out);
result<void> export_feeder_load(store_view& view, const export_scope& scope, table_writer& out);
result<void> export_transformer_load(store_view& view, const export_scope& scope, table_writer& out);
result<void> export_quarantined_loads(store_view& view, const export_scope& scope, table_writer& out);
result<void> export_lv_feeder(store_view& view, const export_scope& scope, table_writer& out);
result<void> export_gaps(store_view& view, const export_scope& scope, table_writer& out);
result<void> export_load_shapes(store_view& view, const export_scope& scope, table_writer& out);
result<void> export_rejects(store_view& view, const export_scope& scope, table_writer& out);
result<void> export_lateness(store_view& view, const export_scope& scope, table_writer& out);
result<void> export_cohort_checks(store_view& view, const export_scope& scope, table_writer& out);
result<void> export_register_check(store_view& view, const export_scope& scope, table_writer& out);

/// A message a line.
result<void> export_if021(store_view& view, const export_scope& scope, table_writer& out);
/// The same as requests of at most 95 kB, each a file of a folder, which appears whole or not at all.
result<void> export_if021_requests(store_view& view, const export_scope& scope, const std::string& folder);

/// Adds `export`; see `register_sim` for `select`.
void register_export(CLI::App& parent, const std::function<void(std::function<int()>)>& select);

} // namespace gridtwin
