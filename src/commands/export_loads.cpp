#include "src/commands/export.hpp"
#include "twins/energy.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace gridtwin {

namespace {

/// How many meters a set of connections should report in a half hour: those whose range holds it.
class expected_meters {
public:
  void add(const connection& c) {
    firsts_.push_back(c.effective.first);
    ends_.push_back(c.effective.end);
    sorted_ = false;
  }
  std::size_t at(period p) {
    if (!sorted_) {
      std::sort(firsts_.begin(), firsts_.end());
      std::sort(ends_.begin(), ends_.end());
      sorted_ = true;
    }
    const auto begun = std::upper_bound(firsts_.begin(), firsts_.end(), p.number) - firsts_.begin();
    const auto ended = std::upper_bound(ends_.begin(), ends_.end(), p.number) - ends_.begin();
    return static_cast<std::size_t>(begun - ended);
  }

private:
  std::vector<std::int32_t> firsts_;
  std::vector<std::int32_t> ends_;
  bool sorted_ = false;
};

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
  const estate& e = view.estate();
  for (std::uint32_t t = 0; t < e.transformers.size(); ++t) {
    if (!scope.holds(e, transformer_index{t}))
      continue;
    const auto days = read_loads(view, scope, {t});
    if (!days)
      return days.failure();
    const feeder_range feeders = feeders_of(e, {t});
    const connection_range connections = connections_of(e, {t});
    std::vector<expected_meters> expected(feeders.count);
    for (std::uint32_t i = 0; i < connections.count; ++i) {
      const connection& c = e.connections[connections.first + i];
      expected[c.feeder.value - feeders.first].add(c);
    }
    for (std::uint32_t f = 0; f < feeders.count; ++f) {
      const feeder_info& feeder = e.feeders[feeders.first + f];
      if (scope.feeder && feeder.id != *scope.feeder)
        continue;
      for (const loaded_day& day : *days)
        for (const feeder_day_load& load : day.feeders)
          if (load.feeder == feeder.id)
            for_each_reported(scope, day.day, load.load, [&](period p, const half_hour_load& cell) {
              out.row({e.transformers[t].id, feeder.id, format_period(p), std::to_string(cell.import_wh),
                       std::to_string(cell.export_wh), std::to_string(expected[f].at(p)), std::to_string(cell.reported),
                       std::to_string(cell.reported - cell.estimated), std::to_string(cell.estimated),
                       std::to_string(cell.revision)});
            });
    }
  }
  return {};
}

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
    const transformer_info& info = e.transformers[t];
    for (const loaded_day& day : *days) {
      day_load sum{};
      for (const feeder_day_load& feeder : day.feeders)
        sum += feeder.load;
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
