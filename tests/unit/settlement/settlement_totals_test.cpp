#include "src/settlement/settlement_totals.hpp"

#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr civil_date date{2026, 3, 4};
constexpr std::array<char, 4> supplier{'S', 'U', 'P', 'P'};
constexpr std::array<char, 4> other_supplier{'O', 'T', 'H', 'R'};

/// Meter 1 moves from T2 to T1 in the middle of the date; 2 is at T1, 3 and 4 at T2.
struct totals_case {
  totals_case() {
    const std::int32_t moved = from_settlement_period({date, 25})->number;
    of = make_estate({{"T1", "F1", 1, {moved, period_range{}.end}},
                      {"T1", "F1", 2},
                      {"T2", "F1", 1, {period_range{}.first, moved}},
                      {"T2", "F1", 3},
                      {"T2", "F1", 4}});
    of.transformers[0].gsp_group = 'A';
    of.transformers[1].gsp_group = 'B';
    for (connection& c : of.connections)
      c.supplier_mpid = supplier;
    of.connections[4].supplier_mpid = other_supplier;
    of.connections[4].segment = market_segment::advanced;
    job.date = date;
    job.estate = &of;
  }

  estate of;
  settlement_job job;
};

/// A row with so many Wh in each half hour `first` to before `end`.
settled_series series_of(std::uint32_t row, std::uint8_t first, std::uint8_t end, std::int64_t wh,
                         quantity q = quantity::active_import) {
  settled_series out;
  out.connection = {row};
  out.quantity = q;
  for (std::uint8_t place = first; place < end; ++place)
    out.half_hours.push_back({place, actual_of(wh), 1});
  return out;
}

/// The half hours `first` to before `end` have an estimate; by no method: one that was received.
settled_series& estimated(settled_series& series, std::uint8_t first, std::uint8_t end, std::int64_t wh,
                          std::optional<estimation_method> method) {
  for (std::uint8_t place = first; place < end; ++place) {
    settled_half_hour& h = series.half_hours[place - series.half_hours.front().place];
    h.content = estimate_of(wh);
    settled_estimate e;
    e.place = place;
    if (method) {
      e.made.emplace();
      e.made->method = *method;
    }
    series.estimates.push_back(e);
  }
  return series;
}

std::vector<settled_transformer> settled() {
  settled_series moved_here = series_of(0, 24, 48, 10);
  estimated(moved_here, 24, 26, 7, estimation_method::own_history);
  settled_series two = series_of(1, 0, 48, 100);
  estimated(two, 0, 1, 50, std::nullopt);
  two.changes = {{3, change_cause::actual_corrected, 90, 100}, {4, change_cause::new_half_hour, 0, 100}};
  const settled_series two_exports = series_of(1, 0, 48, 1'000, quantity::active_export);
  const settled_series moved_away = series_of(2, 0, 24, 10);
  const settled_series three = series_of(3, 0, 48, 5);
  settled_series four = series_of(4, 0, 48, 1);
  estimated(four, 0, 48, 2, estimation_method::default_value);
  four.changes = {{3, change_cause::actual_corrected, 90, 2}};
  return {{{0}, {moved_here, two_exports, two}}, {{1}, {moved_away, three, four}}};
}

} // namespace

TEST_CASE("settlement_totals: meters, half hours, energies, methods and changes are counted, in any order") {
  const totals_case c;
  std::vector<settled_transformer> parts = settled();
  for (int turn = 0; turn < 2; ++turn, std::reverse(parts.begin(), parts.end())) {
    settlement_totals totals;
    for (const settled_transformer& t : parts)
      totals.add(c.job, t);
    CHECK(totals.meters() == 4); // the one that moved counts once
    CHECK(totals.half_hours() == 5 * 48);
    CHECK(totals.estimated() == 2 + 48);
    CHECK(totals.received_estimates() == 1);
    CHECK(totals.actual() == 5 * 48 - 2 - 48 - 1);
    CHECK(totals.by_method()[index_of(estimation_method::own_history)] == 2);
    CHECK(totals.by_method()[index_of(estimation_method::default_value)] == 48);
    CHECK(totals.by_change()[index_of(change_cause::actual_corrected)] == 2);
    CHECK(totals.by_change()[index_of(change_cause::new_half_hour)] == 1);
    CHECK(totals.by_change()[index_of(change_cause::actual_for_estimate)] == 0);
    const auto& imported = totals.by_quantity()[index_of(quantity::active_import)];
    CHECK(imported.actual_wh == 22 * 10 + 47 * 100 + 24 * 10 + 48 * 5);
    CHECK(imported.estimated_wh == 2 * 7 + 50 + 48 * 2);
    CHECK(totals.by_quantity()[index_of(quantity::active_export)].actual_wh == 48'000);
    CHECK(totals.by_quantity()[index_of(quantity::reactive_import)].actual_wh == 0);
  }
}

TEST_CASE(
  "settlement_totals: a group has the meters of each of its half hours, and a moved one is in that of its place") {
  const totals_case c;
  settlement_totals totals;
  for (const settled_transformer& t : settled())
    totals.add(c.job, t);
  CHECK(totals.groups().size() == 4);
  const auto group = [&](std::uint32_t row, quantity q = quantity::active_import) -> const auto& {
    return totals.groups().at(group_of(c.of, c.of.connections[row], q));
  };
  CHECK(group_of(c.of, c.of.connections[0], quantity::active_import).gsp_group == 'A');
  CHECK(group_of(c.of, c.of.connections[2], quantity::active_import).gsp_group == 'B');
  for (std::size_t place = 0; place < 48; ++place) {
    CAPTURE(place);
    const bool here = place >= 24;
    const bool estimate = place == 24 || place == 25;
    const group_half_hour& a = group(1)[place];
    CHECK(a.meters == (here ? 2U : 1U));
    CHECK(a.actual_wh == (place == 0 ? 0 : 100) + (here && !estimate ? 10 : 0));
    CHECK(a.estimated_wh == (place == 0 ? 50 : 0) + (estimate ? 7 : 0));
    const group_half_hour& b = group(3)[place];
    CHECK(b.meters == (here ? 1U : 2U));
    CHECK(b.actual_wh == 5 + (here ? 0 : 10));
    CHECK(group(4)[place].estimated_wh == 2);
    CHECK(group(1, quantity::active_export)[place].actual_wh == 1'000);
  }
}

TEST_CASE("settlement_totals: shares are of supplier, segment and quantity over all groups") {
  const totals_case c;
  settlement_totals totals;
  for (const settled_transformer& t : settled())
    totals.add(c.job, t);
  const auto shares = totals.shares();
  REQUIRE(shares.size() == 3);
  const auto& mine = shares.at({supplier, market_segment::smart, quantity::active_import});
  CHECK(mine.actual_half_hours == 22 + 47 + 24 + 48);
  CHECK(mine.estimated_half_hours == 2 + 1);
  CHECK(mine.actual_wh == 22 * 10 + 47 * 100 + 24 * 10 + 48 * 5);
  CHECK(mine.estimated_wh == 2 * 7 + 50);
  const auto& other = shares.at({other_supplier, market_segment::advanced, quantity::active_import});
  CHECK(other.actual_half_hours == 0);
  CHECK(other.estimated_half_hours == 48);
  CHECK(other.actual_wh == 0);
  CHECK(other.estimated_wh == 96);
  CHECK(shares.at({supplier, market_segment::smart, quantity::active_export}).actual_half_hours == 48);
}
