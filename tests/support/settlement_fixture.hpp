#pragma once

#include "src/settlement/transformer_settler.hpp"
#include "tests/support/known_facts.hpp"
#include "tests/support/store_fixture.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin::testing {

/// A store of an estate, from which settlement jobs are made.
class settlement_store {
public:
  /// A reading of a row of the estate, whichever transformer it is at.
  struct row_reading {
    connection_index row;
    gridtwin::period period;
    gridtwin::content content;
    std::uint16_t version = 1;
    gridtwin::quantity quantity = quantity::active_import;
  };

  /// `change`: of what the rows do not say. Every meter has active import alone until it says more.
  explicit settlement_store(const std::vector<estate_row>& rows, const std::function<void(estate&)>& change = {})
    : rows_(rows), of_(make_estate(rows)) {
    for (connection& c : of_.connections)
      c.quantities = mask_of(quantity::active_import);
    if (change)
      change(of_);
    bound_ = bind();
  }

  const estate& of() const noexcept { return of_; }
  const settlement_inputs& inputs() const noexcept { return inputs_; }
  settlement_inputs& inputs() noexcept { return inputs_; }

  void run(const std::vector<row_reading>& readings, const known_time& known = {}) {
    const topology_binding binding = bind();
    auto writer = store_writer::open(
      store_.folder(), {"", {"a.csv"}, binding.change, std::make_shared<estate_bytes>(bytes_of(rows_)), known});
    REQUIRE(writer);
    std::map<std::uint32_t, std::vector<stored_reading>> by_transformer;
    for (const row_reading& r : readings) {
      stored_reading& s = by_transformer[transformer_of(r.row).value].emplace_back();
      s.twin = binding.topology.slot_of[r.row.value];
      s.day = r.period.day();
      s.slot = static_cast<std::uint8_t>(r.period.slot());
      s.quantity = r.quantity;
      s.version = r.version;
      s.content = r.content;
      s.source = 1;
      s.line = 1;
    }
    group_commit group;
    for (const auto& [t, of_transformer] : by_transformer)
      group.transformers.push_back(commit_of(binding.topology.number_of[t], t, of_transformer));
    REQUIRE(writer->commit(group));
    REQUIRE(writer->close());
    bound_ = bind();
  }

  /// A run on a date with all that was known by then, and without shapes of its own. Valid as long as the store.
  settlement_job job(const civil_date& date, std::int64_t known_at_s) const {
    settlement_job out;
    out.date = date;
    out.known_at_s = known_at_s;
    out.estate = &of_;
    out.topology = &bound_.topology;
    out.inputs = &inputs_;
    out.estimation = &estimation_;
    out.holidays = &holidays_;
    out.shapes = &shapes_;
    out.shape_version = "v1";
    out.limits.energy = default_energy_limits();
    list_rows_of_several(out);
    return out;
  }

  /// Days as they stood after a run; the first is number 1.
  std::optional<earlier_days> days_after(std::uint32_t run, std::int64_t known_at_s) const {
    store_reader reader = store_.reader();
    auto out = earlier_days::after_run(reader, run, known_at_s);
    REQUIRE(out);
    return std::move(*out);
  }

  settled_transformer settle(const settlement_job& job, std::uint32_t t = 0) const {
    store_reader reader = store_.reader();
    auto settled = transformer_settler(job, reader).settle({t});
    REQUIRE(settled);
    return std::move(*settled);
  }

  transformer_index transformer_of(connection_index row) const noexcept {
    return of_.transformer_of(of_.connections[row.value]);
  }

private:
  topology_binding bind() const {
    sqlite_database database = store_.reader_connection();
    auto bound = bind_topology(database, of_, bytes_of(rows_));
    REQUIRE(bound);
    return std::move(*bound);
  }

  std::vector<estate_row> rows_;
  estate of_;
  store_fixture store_;
  topology_binding bound_;
  settlement_inputs inputs_;
  estimation_settings estimation_ = built_in_estimation_settings();
  working_days holidays_{{{2026, 1, 1}, {2026, 12, 25}}};
  shape_book shapes_{{}, inputs_.shapes};
};

/// What a run made of a half hour that is no actual; nothing where it is one.
inline const settled_estimate* estimate_at(const settled_series& series, std::size_t place) {
  const auto at = std::find_if(series.estimates.begin(), series.estimates.end(),
                               [&](const settled_estimate& e) { return e.place == place; });
  return at == series.estimates.end() ? nullptr : &*at;
}

/// The half hour at a place within the date, which the series has.
inline const settled_half_hour& half_hour_at(const settled_series& series, std::size_t place) {
  const auto at = std::find_if(series.half_hours.begin(), series.half_hours.end(),
                               [&](const settled_half_hour& h) { return h.place == place; });
  REQUIRE(at != series.half_hours.end());
  return *at;
}

} // namespace gridtwin::testing
