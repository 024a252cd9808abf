#include "src/settlement/transformer_settler.hpp"

#include "src/settlement/worklist.hpp"
#include "tests/support/settlement_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr civil_date date{2026, 3, 4}; ///< a Wednesday; local time is UTC
const std::vector<period> periods = periods_of(date);
const std::int64_t later_s = periods.back().end_s() + 5 * 86'400;
constexpr connection_index first_row{0};
constexpr connection_index second_row{1};

using row_reading = settlement_store::row_reading;

period days_before(period p, int days) { return {p.number - days * periods_per_day}; }

/// Every half hour of the date but those at some places has the value 100 and its place.
std::vector<row_reading> whole_date(connection_index row, const std::vector<std::size_t>& but = {}) {
  std::vector<row_reading> out;
  for (std::size_t place = 0; place < periods.size(); ++place)
    if (std::find(but.begin(), but.end(), place) == but.end())
      out.push_back({row, periods[place], actual_of(static_cast<std::int64_t>(100 + place))});
  return out;
}

std::vector<row_reading> and_also(std::vector<row_reading> readings, const std::vector<row_reading>& more) {
  readings.insert(readings.end(), more.begin(), more.end());
  return readings;
}

} // namespace

TEST_CASE("transformer_settler: actuals are settled as they are, each quantity of each meter in a series of its own") {
  settlement_store store({{"T1", "F1", 1}, {"T1", "F1", 2}, {"T2", "F1", 3}}, [](estate& e) {
    e.connections[1].quantities = mask_of(quantity::active_import) | mask_of(quantity::active_export);
  });
  std::vector<row_reading> readings = and_also(whole_date(first_row), whole_date(second_row));
  for (row_reading r : whole_date(second_row)) {
    r.quantity = quantity::active_export;
    r.version = 3;
    r.content.wh += 1'000;
    readings.push_back(r);
  }
  store.run(readings);
  const settled_transformer settled = store.settle(store.job(date, later_s));
  REQUIRE(settled.series.size() == 3);
  CHECK(settled.series[0].connection == first_row);
  CHECK(settled.series[1].connection == second_row);
  CHECK(settled.series[1].quantity == quantity::active_export); // by name
  CHECK(settled.series[2].quantity == quantity::active_import);
  for (const settled_series& series : settled.series) {
    REQUIRE(series.half_hours.size() == periods.size());
    CHECK(series.estimates.empty());
    CHECK(series.changes.empty());
    const bool exported = series.quantity == quantity::active_export;
    for (std::size_t place = 0; place < periods.size(); ++place) {
      const settled_half_hour& h = series.half_hours[place];
      CHECK(h.place == place);
      CHECK(h.content == actual_of(static_cast<std::int64_t>(100 + place) + (exported ? 1'000 : 0)));
      CHECK(h.version == (exported ? 3 : 1));
    }
  }
  const settled_transformer other = store.settle(store.job(date, later_s), 1);
  REQUIRE(other.series.size() == 1);
  CHECK(other.series[0].estimates.size() == periods.size()); // of a meter that sent nothing
}

TEST_CASE("transformer_settler: what became known behind the gate does not count") {
  settlement_store store({{"T1", "F1", 1}});
  const std::int64_t gate_s = later_s;
  store.run(whole_date(first_row, {5, 6}), {gate_s});
  store.run({{first_row, periods[5], actual_of(555)}, {first_row, periods[7], actual_of(777), 2}}, {gate_s + 1});
  const settled_series before = store.settle(store.job(date, gate_s)).series.at(0);
  CHECK(before.estimates.size() == 2);
  CHECK(half_hour_at(before, 7).content == actual_of(107));
  const settled_series after = store.settle(store.job(date, gate_s + 1)).series.at(0);
  CHECK(after.estimates.size() == 1);
  CHECK(half_hour_at(after, 5).content == actual_of(555));
  CHECK(half_hour_at(after, 7).content == actual_of(777));
  CHECK(half_hour_at(after, 7).version == 2);
  CHECK(store.settle(store.job(date, gate_s - 1)).series.at(0).estimates.size() == periods.size());
}

TEST_CASE("transformer_settler: an estimate that was received is settled as it is, and is not the run's own") {
  settlement_store store({{"T1", "F1", 1}});
  const content received = estimate_of(777, "E3", 4);
  store.run(and_also(whole_date(first_row, {9, 10}), {{first_row, periods[9], received, 2}}));
  const settled_series series = store.settle(store.job(date, later_s)).series.at(0);
  REQUIRE(series.estimates.size() == 2);
  const settled_estimate* const theirs = estimate_at(series, 9);
  REQUIRE(theirs);
  CHECK(theirs->cause == missing_cause::received_estimate);
  CHECK(!theirs->made);
  CHECK(!theirs->refusal);
  CHECK(half_hour_at(series, 9).content == received);
  CHECK(half_hour_at(series, 9).version == 2);
  const settled_estimate* const ours = estimate_at(series, 10);
  REQUIRE(ours);
  CHECK(ours->cause == missing_cause::not_received);
  REQUIRE(ours->made);
  CHECK(half_hour_at(series, 10).content == ours->made->content);
  CHECK(half_hour_at(series, 10).version == 0);
}

TEST_CASE(
  "transformer_settler: ES-09 with estimates that were received, a window is settled to what its register advanced") {
  settlement_store store({{"T1", "F1", 1}, {"T1", "F1", 2}});
  const content received = estimate_of(777, "E3", 4);
  for (const connection_index row : {first_row, second_row})
    store.run(and_also(whole_date(row, {9, 10, 11, 12}),
                       {{row, periods[9], received},
                        {row, periods[10], estimate_of(0, "E3", 4)},
                        {row, days_before(periods[11], 7), actual_of(40)}, // it is spread over
                        {row, days_before(periods[12], 7), actual_of(40)}}));
  std::int64_t received_wh = 777;
  for (std::size_t place = 0; place < periods.size(); ++place)
    received_wh += place >= 9 && place <= 12 ? 0 : static_cast<std::int64_t>(100 + place);
  const std::int64_t midnight_s = periods.front().end_s() - seconds_per_period;
  // The second register advanced by less than was received: its window is refused whole.
  store.inputs().registers = {
    {test_mpan(1), quantity::active_import, {midnight_s, 5'000}},
    {test_mpan(1), quantity::active_import, {periods.back().end_s(), 5'000 + received_wh + 1'001}},
    {test_mpan(2), quantity::active_import, {midnight_s, 5'000}},
    {test_mpan(2), quantity::active_import, {periods.back().end_s(), 5'000 + received_wh - 1}}};
  const settled_transformer settled = store.settle(store.job(date, later_s));
  const settled_series& series = settled.series.at(0);
  std::int64_t sum = 0;
  for (const settled_half_hour& h : series.half_hours)
    sum += h.content.wh;
  CHECK(sum == received_wh + 1'001);
  CHECK(half_hour_at(series, 9).content == received);
  CHECK(half_hour_at(series, 11).content.wh == 501);
  CHECK(half_hour_at(series, 12).content.wh == 500);
  const settled_estimate* const refused = estimate_at(settled.series.at(1), 11);
  REQUIRE(refused);
  CHECK(refused->made->exceptions == std::vector{estimation_exception::register_below_intervals});
  CHECK(half_hour_at(settled.series.at(1), 9).content == received);
}

TEST_CASE("transformer_settler: ES-01 contradicted and refused half hours are estimated, with their causes") {
  settlement_store store({{"T1", "F1", 1}, {"T1", "F1", 2}});
  store.run(and_also(whole_date(first_row, {3, 4, 5}), {{first_row, periods[3], actual_of(1)},
                                                        {first_row, periods[3], actual_of(2)},
                                                        {first_row, days_before(periods[4], 7), actual_of(40)}}));
  settlement_job job = store.job(date, later_s);
  const std::uint64_t meter = test_mpan(1).number;
  job.refused = {{meter, quantity::active_import, periods[4], verdict::over_maximum},
                 {meter, quantity::active_export, periods[5], verdict::negative}, // of another quantity
                 {test_mpan(2).number, quantity::active_import, periods[6], verdict::not_appointed}};
  const settled_transformer settled = store.settle(job);
  const settled_series& series = settled.series.at(0);
  REQUIRE(series.estimates.size() == 3);
  const auto cause_at = [&](std::size_t place) {
    const settled_estimate* const e = estimate_at(series, place);
    REQUIRE(e);
    REQUIRE(e->made);
    CHECK(e->made->content == half_hour_at(series, place).content);
    CHECK(!is_actual(e->made->content.quality));
    return std::tuple(e->cause, e->refusal, static_cast<int>(e->made->content.reasons.estimation));
  };
  using refusal = std::optional<verdict>;
  CHECK(cause_at(3) == std::tuple(missing_cause::contradicted, refusal(), 3)); // DI-076: invalid
  CHECK(cause_at(4) == std::tuple(missing_cause::refused, refusal(verdict::over_maximum), 3));
  CHECK(cause_at(5) == std::tuple(missing_cause::not_received, refusal(), 2)); // missing
  CHECK(estimate_at(series, 4)->made->method == estimation_method::own_history);
  CHECK(half_hour_at(series, 4).content.wh == 40);
  const settled_series& neighbour = settled.series.at(1);
  for (std::size_t place = 0; place < periods.size(); ++place) {
    const settled_estimate* const e = estimate_at(neighbour, place);
    REQUIRE(e);
    CHECK(e->cause == (place == 6 ? missing_cause::refused : missing_cause::not_received));
  }
}

TEST_CASE("transformer_settler: VA-07 a de-energised meter has zero with a zero code, and nothing to mend") {
  settlement_store store({{"T1", "F1", 1}, {"T1", "F1", 2}}, [](estate& e) { e.connections[0].energised = false; });
  std::vector<row_reading> history; // it had some, while it was another's
  for (int week = 1; week <= 4; ++week)
    history.push_back({first_row, days_before(periods[20], 7 * week), actual_of(900)});
  history.push_back({first_row, periods[12], actual_of(500)}); // consumption is consumption
  history.push_back({first_row, periods[13], actual_of(5)});
  history.push_back({first_row, periods[13], actual_of(6)});
  store.run(and_also(history, whole_date(second_row)));
  const settled_transformer settled = store.settle(store.job(date, later_s));
  const settled_series& series = settled.series.at(0);
  CHECK(series.estimates.size() == periods.size() - 1);
  for (std::size_t place = 0; place < periods.size(); ++place) {
    const content& c = half_hour_at(series, place).content;
    if (place == 12) {
      CHECK(c == actual_of(500));
      continue;
    }
    const settled_estimate* const e = estimate_at(series, place);
    REQUIRE(e);
    CHECK(e->cause == missing_cause::de_energised);
    CHECK(!e->refusal);
    CHECK(e->made->method == estimation_method::de_energised);
    CHECK(c == content{0, quality_named("ZE1"), {7, 0}});
  }
  std::vector<work_item> work;
  list_work(settled, work);
  CHECK(work.empty());
}

TEST_CASE(
  "transformer_settler: a meter that moves at 11:00 gives its half hours to both rows, and its history goes with "
  "it") {
  const std::int32_t moved = periods[22].number; // starts at 11:00
  const period_range until{period_range{}.first, moved};
  const period_range since{moved, period_range{}.end};
  // By transformer the second row comes first.
  settlement_store store({{"T2", "F1", 1, until}, {"T1", "F1", 1, since}, {"T1", "F1", 2}});
  REQUIRE(store.of().connections[0].effective == since);
  REQUIRE(store.of().connections[2].effective == until);
  std::vector<row_reading> readings;
  for (std::size_t place = 0; place < periods.size(); ++place) { // a Wednesday's, where it hung then
    readings.push_back({{2}, days_before(periods[place], 7), actual_of(static_cast<std::int64_t>(1'000 + place))});
    readings.push_back({{1}, days_before(periods[place], 7), actual_of(9)}); // of its new neighbour
  }
  for (std::size_t place = 0; place < periods.size(); ++place)
    if (place % 2 == 0)
      readings.push_back({{place < 22 ? 2U : 0U}, periods[place], actual_of(static_cast<std::int64_t>(place))});
  store.run(readings);
  const settlement_job job = store.job(date, later_s);
  const settled_series after = store.settle(job, 0).series.at(0);
  const settled_transformer old_place = store.settle(job, 1);
  REQUIRE(old_place.series.size() == 1);
  const settled_series& before = old_place.series[0];
  CHECK(before.half_hours.size() == 22);
  CHECK(before.half_hours.back().place == 21);
  CHECK(after.half_hours.size() == 26);
  CHECK(after.half_hours.front().place == 22);
  for (std::size_t place = 0; place < periods.size(); ++place) {
    CAPTURE(place);
    const settled_series& series = place < 22 ? before : after;
    CHECK(series.connection == connection_index{place < 22 ? 2U : 0U});
    const content& c = half_hour_at(series, place).content;
    if (place % 2 == 0) {
      CHECK(c == actual_of(static_cast<std::int64_t>(place)));
      continue;
    }
    const settled_estimate* const e = estimate_at(series, place);
    REQUIRE(e);
    CHECK(e->made->method == estimation_method::own_history);
    CHECK(c.wh == static_cast<std::int64_t>(1'000 + place));
  }
}

TEST_CASE("transformer_settler: ES-11 each half hour that differs from the run before has the cause of it") {
  settlement_store store({{"T1", "F1", 1}});
  const std::int64_t first_gate_s = later_s;
  const std::int64_t second_gate_s = later_s + 86'400;
  const content theirs = estimate_of(60, "E3", 2);
  store.run(
    and_also(whole_date(first_row, {0, 4, 5, 6, 7, 8, 9}),
             {{first_row, periods[7], theirs}, {first_row, periods[8], theirs}, {first_row, periods[9], theirs}}),
    {first_gate_s});
  settlement_job first = store.job(date, first_gate_s);
  const settled_series of_first = store.settle(first).series.at(0);
  CHECK(of_first.changes.empty()); // there is no run before
  recorded_settlement record{run_code::ii, date, first_gate_s, {}, {}, {}, {}};
  for (const settled_estimate& e : of_first.estimates)
    if (e.made && e.place != 6) // as if the meter had been none of the estate's then
      record.estimates.push_back({test_mpan(1), quantity::active_import, periods[e.place],
                                  half_hour_at(of_first, e.place).content, e.made->method});
  REQUIRE(record.estimates.size() == 3);

  store.run({{first_row, periods[0], actual_of(50)},
             {first_row, periods[1], actual_of(70), 2},              // corrected
             {first_row, periods[2], actual_of(999)},                // contradicts what was settled
             {first_row, periods[3], actual_of(103), 2},             // the same again in a new version
             {first_row, days_before(periods[4], 7), actual_of(33)}, // history that gives another estimate
             {first_row, periods[7], actual_of(60)},                 // contradicts the estimate, which stands no more
             {first_row, periods[8], estimate_of(61, "E3", 2), 2},
             {first_row, periods[9], actual_of(60), 2}}, // an actual of the same value
            {second_gate_s});
  settlement_job second = store.job(date, second_gate_s);
  second.previous = record;
  const settled_series series = store.settle(second).series.at(0);
  std::map<int, std::tuple<change_cause, std::int64_t, std::int64_t>> changes;
  for (const settled_change& c : series.changes)
    CHECK(changes.emplace(c.place, std::tuple(c.cause, c.before_wh, c.after_wh)).second);
  const std::map<int, std::tuple<change_cause, std::int64_t, std::int64_t>> expected{
    {0, {change_cause::actual_for_estimate, 0, 50}},  {1, {change_cause::actual_corrected, 101, 70}},
    {2, {change_cause::estimate_for_actual, 102, 0}}, {4, {change_cause::estimate_changed, 0, 33}},
    {6, {change_cause::new_half_hour, 0, 0}},         {7, {change_cause::estimate_changed, 60, 0}},
    {8, {change_cause::estimate_changed, 60, 61}},    {9, {change_cause::actual_for_estimate, 60, 60}}};
  CHECK(changes == expected);
}

TEST_CASE(
  "transformer_settler: a correction that came after the run before and counts as known at its gate is a change") {
  settlement_store store({{"T1", "F1", 1}});
  const std::int64_t first_gate_s = later_s;
  const std::int64_t second_gate_s = later_s + 86'400;
  const content theirs = estimate_of(60, "E3", 2);
  store.run(and_also(whole_date(first_row, {0, 7}), {{first_row, periods[7], theirs}}));
  recorded_settlement record{run_code::ii, date, first_gate_s, {}, {}, {}, {}, 1};
  record.estimates.push_back(
    {test_mpan(1), quantity::active_import, periods[0], estimate_of(5, "E4", 2), estimation_method::own_history});
  store.run({{first_row, periods[0], actual_of(50)},     // that run had estimated it
             {first_row, periods[1], actual_of(71), 2},  // corrected
             {first_row, periods[2], actual_of(72), 2},  // ... and corrected once more below
             {first_row, periods[3], actual_of(73), 2},  // ... and back to what it was
             {first_row, periods[4], actual_of(104), 2}, // the same again
             {first_row, periods[5], actual_of(75)},     // contradicts what was settled
             {first_row, periods[7], estimate_of(61, "E3", 2), 2},
             {first_row, periods[9], actual_of(79), 2}}); // corrected below, too: that run would not have settled it
  store.run({{first_row, periods[2], actual_of(720), 3},
             {first_row, periods[3], actual_of(103), 3},
             {first_row, periods[8], actual_of(78), 2},
             {first_row, periods[9], actual_of(790), 3}},
            {second_gate_s});
  settlement_job job = store.job(date, second_gate_s);
  job.previous = record;
  job.previous_days = store.days_after(1, first_gate_s);
  REQUIRE(job.previous_days);
  using change = std::tuple<change_cause, std::int64_t, std::int64_t>;
  std::map<int, change> changes;
  const settled_series series = store.settle(job).series.at(0);
  for (const settled_change& c : series.changes)
    CHECK(changes.emplace(c.place, std::tuple(c.cause, c.before_wh, c.after_wh)).second);
  const std::map<int, change> expected{
    {0, {change_cause::actual_for_estimate, 5, 50}},    {1, {change_cause::correction_back_dated, 101, 71}},
    {2, {change_cause::actual_corrected, 102, 720}},    {5, {change_cause::estimate_for_actual, 105, 0}},
    {7, {change_cause::correction_back_dated, 60, 61}}, {8, {change_cause::actual_corrected, 108, 78}},
    {9, {change_cause::actual_corrected, 109, 790}}};
  CHECK(changes == expected);
  CHECK(name_of(change_cause::correction_back_dated) == "correction-back-dated");
}
