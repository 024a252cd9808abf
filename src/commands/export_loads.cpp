#include "src/commands/bound_rules.hpp"
#include "src/commands/export.hpp"
#include "src/store/feeder_guard.hpp"
#include "twins/energy.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

/// The loads of a transformer's days within the scope, day by day.
struct loaded_day {
  utc_day day;
  std::vector<feeder_day_load> feeders;
};

/// A day's loads from its readings: what the store keeps is of all that is known by now.
result<std::vector<feeder_day_load>> sum_loads(transformer_day_reader& reader, const estate& e, feeder_range feeders,
                                               utc_day day) {
  if (auto loaded = reader.load(day); !loaded)
    return loaded.failure();
  std::vector<feeder_day_load> out;
  for (std::uint32_t f = 0; f < feeders.count; ++f)
    out.push_back({e.feeders[feeders.first + f].id, {}});
  for (std::size_t place = 0; place < reader.size(); ++place)
    add_meter(out[reader.meter(place).feeder.value - feeders.first].load, reader.twin(place), day);
  return out;
}

result<std::vector<loaded_day>> read_loads(store_view& view, const export_scope& scope, transformer_index t) {
  std::vector<loaded_day> out;
  transformer_day_reader reader(view.cut(), t);
  for (const utc_day day : view.days_of(t)) {
    if (!scope.holds(day))
      continue;
    auto loads = view.as_known_at() ? sum_loads(reader, view.estate(), feeders_of(view.estate(), t), day)
                                    : view.reader().loads(view.topology().number_of[t.value], day);
    if (!loads)
      return loads.failure();
    out.push_back({day, std::move(*loads)});
  }
  return out;
}

/// Calls `f(period, cell)` for each half hour of a day that has a current value and lies within the scope.
template <class F>
void for_each_reported(const export_scope& scope, utc_day day, const day_load& load, F&& f) {
  for (int slot = 0; slot < periods_per_day; ++slot) {
    const half_hour_load& cell = load[static_cast<std::size_t>(slot)];
    if (cell.reported != 0 && scope.range.contains(period_at(day, slot)))
      f(period_at(day, slot), cell);
  }
}

/// A half hour of a feeder with what is thought of it.
struct judged_half_hour {
  const transformer_info& transformer;
  const feeder_info& feeder;
  gridtwin::period period;
  const half_hour_load& load;
  std::size_t expected = 0;                   ///< meters
  std::optional<std::int64_t> exceeded_limit; ///< Wh; the half hour is quarantined
};

/// Calls `f(judged_half_hour)` for each half hour of a feeder within the scope that has a current value, in order of
/// transformer, feeder and time.
template <class F>
result<void> for_each_feeder_half_hour(store_view& view, const export_scope& scope, const rule_settings& rules, F&& f) {
  const estate& e = view.estate();
  for (std::uint32_t t = 0; t < e.transformers.size(); ++t) {
    if (!scope.holds(e, transformer_index{t}))
      continue;
    const auto days = read_loads(view, scope, {t});
    if (!days)
      return days.failure();
    const feeder_guard guard(e, {t}, rules);
    for (std::size_t place = 0; place < guard.size(); ++place) {
      const feeder_info& feeder = guard.feeder(place);
      if (scope.feeder && feeder.id != *scope.feeder)
        continue;
      for (const loaded_day& day : *days)
        for (const feeder_day_load& load : day.feeders)
          if (load.feeder == feeder.id)
            for_each_reported(scope, day.day, load.load, [&](period p, const half_hour_load& cell) {
              f(judged_half_hour{e.transformers[t], feeder, p, cell, guard.expected(place).at(p),
                                 guard.exceeded_limit_wh(place, p, cell)});
            });
    }
  }
  return {};
}

} // namespace

result<void> export_feeder_load(store_view& view, const export_scope& scope, table_writer& out) {
  out.header({{"transformer_id"},
              {"feeder_id"},
              {"period_end"},
              {"import_wh", true},
              {"export_wh", true},
              {"meters_expected", true},
              {"meters_reported", true},
              {"actual", true},
              {"estimated", true},
              {"revision", true}});
  const auto rules = bound_rules(view);
  if (!rules)
    return rules.failure();
  return for_each_feeder_half_hour(view, scope, *rules, [&](const judged_half_hour& h) {
    if (h.exceeded_limit)
      return;
    out.row({h.transformer.id, h.feeder.id, format_period(h.period), std::to_string(h.load.import_wh),
             std::to_string(h.load.export_wh), std::to_string(h.expected), std::to_string(h.load.reported),
             std::to_string(h.load.reported - h.load.estimated), std::to_string(h.load.estimated),
             std::to_string(h.load.revision)});
  });
}

/// A row for each half hour of a feeder that is quarantined, with what it sums all the same.
result<void> export_quarantined_loads(store_view& view, const export_scope& scope, table_writer& out) {
  out.header({{"transformer_id"},
              {"feeder_id"},
              {"period_end"},
              {"code"},
              {"import_wh", true},
              {"export_wh", true},
              {"limit_wh", true},
              {"meters_expected", true},
              {"meters_reported", true}});
  const auto rules = bound_rules(view);
  if (!rules)
    return rules.failure();
  if (!rules->feeders) // or an empty table would say that nothing is too large
    std::fputs(
      "gridtwin export: the store is bound to a rule pack without [feeders], so what feeders sum is held to no "
      "limit; see config/examples/rules.toml and replay --rules\n",
      stderr);
  return for_each_feeder_half_hour(view, scope, *rules, [&](const judged_half_hour& h) {
    if (h.exceeded_limit)
      out.row({h.transformer.id, h.feeder.id, format_period(h.period), feeder_over_maximum,
               std::to_string(h.load.import_wh), std::to_string(h.load.export_wh), std::to_string(*h.exceeded_limit),
               std::to_string(h.expected), std::to_string(h.load.reported)});
  });
}

/// A row for each half hour of a transformer of which something is believed.
result<void> export_transformer_load(store_view& view, const export_scope& scope, table_writer& out) {
  out.header({{"transformer_id"},
              {"period_end"},
              {"import_wh", true},
              {"export_wh", true},
              {"kva", true},
              {"utilisation_pct", true},
              {"meters_expected", true},
              {"meters_reported", true},
              {"revision", true}});
  const auto rules = bound_rules(view);
  if (!rules)
    return rules.failure();
  const estate& e = view.estate();
  for (std::uint32_t t = 0; t < e.transformers.size(); ++t) {
    if (!scope.holds(e, transformer_index{t}))
      continue;
    const auto days = read_loads(view, scope, {t});
    if (!days)
      return days.failure();
    const connection_range connections = connections_of(e, {t});
    expected_meters expected;
    for (std::uint32_t i = 0; i < connections.count; ++i)
      expected.add(e.connections[connections.first + i]);
    expected.sort();
    const feeder_guard guard(e, {t}, *rules);
    const transformer_info& info = e.transformers[t];
    for (const loaded_day& day : *days) {
      const day_load sum = sum_believed(day.feeders, day.day, guard);
      for_each_reported(scope, day.day, sum, [&](period p, const half_hour_load& cell) {
        // kVA = Wh / 500 / power factor, the factor in millionths; the share of the rating from the exact kVA.
        const auto net = static_cast<uint128>(std::abs(cell.import_wh - cell.export_wh));
        const auto factor = static_cast<uint128>(info.power_factor_ppm);
        const std::string kva = format_ratio(net * 1'000'000, factor * 500, 3);
        const std::string share =
          format_ratio(net * 1'000'000 * 2 * 100, factor * static_cast<uint128>(info.rating_va), 2);
        out.row({info.id, format_period(p), std::to_string(cell.import_wh), std::to_string(cell.export_wh), kva, share,
                 std::to_string(expected.at(p)), std::to_string(cell.reported), std::to_string(cell.revision)});
      });
    }
  }
  return {};
}

} // namespace gridtwin
