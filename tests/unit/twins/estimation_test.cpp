#include "twins/estimation.hpp"

#include "tests/support/known_facts.hpp"
#include "tests/support/seeded_random.hpp"
#include "twins/rules.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;
using enum estimation_method;

namespace {

const period noon = period_at({days_from_civil({2026, 3, 10})}, 24); ///< 12:00 to 12:30, a Tuesday

annual_figure figure_from(const civil_date& from, annual_source source, std::int64_t wh) {
  return {from, source, {wh}};
}

shape_totals whole_year(std::int64_t total_wh) { return {total_wh, 0, 365, 365 * periods_per_day}; }
shape_totals whole_week(std::int64_t total_wh) { return {total_wh, 0, 7, 7 * periods_per_day}; }

std::vector<estimate> estimates_of(const estimation_subject& subject, const std::vector<period>& wanted,
                                   const estimation_facts& facts, const estimation_settings& settings) {
  history_calendar calendar(history_span_of(settings));
  return estimate_missing(subject, wanted, facts, settings, calendar);
}

estimate one(const known_facts& facts, period p = noon, const estimation_subject& subject = {},
             const estimation_settings& settings = built_in_estimation_settings()) {
  const auto out = estimates_of(subject, std::vector<period>{p}, facts, settings);
  REQUIRE(out.size() == 1);
  CHECK(out[0].period == p);
  return out[0];
}

/// Facts that every rung can use at noon of 2026-03-10: 10, 20, ... tell which did.
known_facts plenty() {
  known_facts facts;
  facts.shape_elsewhere = mean_of(50);
  facts.reads = {{noon.start_s(), 0}, {noon.end_s(), 10}};
  facts.figures = {figure_from({2026, 1, 1}, annual_source::supplier, 2000),
                   figure_from({2026, 2, 1}, annual_source::central, 3000)};
  facts.annual_totals[noon.day()] = whole_year(5000);
  for (int day = 1; day <= 9; ++day)
    facts.actuals[{noon.number - day * periods_per_day}] = 40;
  return facts;
}

/// In the order that is built in.
constexpr estimation_method all_methods[]{register_advance, own_history,   supplier_annual, central_annual,
                                          shape_mean,       default_value, de_energised};

/// Takes from `plenty` what each rung needs, so that the method given is the first that can be used.
known_facts with_first(estimation_method method) {
  known_facts facts = plenty();
  const auto behind = [&](estimation_method other) {
    return std::find(std::begin(all_methods), std::end(all_methods), other)
           < std::find(std::begin(all_methods), std::end(all_methods), method);
  };
  if (behind(register_advance))
    facts.reads.clear();
  if (behind(own_history))
    facts.actuals.clear();
  if (behind(supplier_annual))
    facts.figures.erase(facts.figures.begin());
  if (behind(central_annual))
    facts.figures.clear();
  if (behind(shape_mean))
    facts.shape_elsewhere = {};
  if (method == de_energised)
    facts.without_supply = {noon};
  return facts;
}

} // namespace

TEST_CASE("estimation: the rungs in their order, each with what it was made from (ES-10)") {
  const auto check = [](estimation_method method, std::int64_t wh, std::string_view inputs) {
    CAPTURE(name_of(method));
    const known_facts facts = with_first(method);
    const estimate got = one(facts);
    CHECK(got.method == method);
    CHECK(got.content.wh == wh);
    CHECK(to_string(got.inputs) == inputs);
    CHECK(got.exceptions.empty());
    CHECK(one(facts) == got);
  };
  check(register_advance, 10,
        "read_from=2026-03-10T12:00:00Z:0 read_to=2026-03-10T12:30:00Z:10 actual_wh=0 half_hours=1 by_history=1");
  check(supplier_annual, 20, "annual=SNAC:2000 from=2026-01-01 shape_wh=50 total=annual:5000 shape=v1");
  check(central_annual, 30, "annual=ECS:3000 from=2026-02-01 shape_wh=50 total=annual:5000 shape=v1");
  check(own_history, 40, "days=same-kind:2026-03-02;2026-03-03;2026-03-04;2026-03-05;2026-03-06;2026-03-09");
  check(shape_mean, 50, "shape_wh=50 flag=A shape=v1");
  check(default_value, 0, "");
  check(de_energised, 0, "");
}

TEST_CASE("estimation: an advance that is spread over the shape says so") {
  estimation_settings over_shape = built_in_estimation_settings();
  over_shape.register_over_history = false;
  const std::string by_shape =
    "read_from=2026-03-10T12:00:00Z:0 read_to=2026-03-10T12:30:00Z:10 actual_wh=0 half_hours=1 shape=v1";
  CHECK(to_string(one(plenty(), noon, {}, over_shape).inputs) == by_shape);
  known_facts facts = plenty();
  facts.actuals.clear();
  CHECK(to_string(one(facts).inputs) == by_shape);
  // The half hour after noon has no history: it weighs its shape, at the level of noon's, which is 40 for 50.
  facts = plenty();
  facts.shape[{noon.number + 1}] = mean_of(200);
  facts.reads[1] = {noon.end_s() + seconds_per_period, 1000};
  CHECK(one(facts).content.wh == 200);
  CHECK(one(facts, {noon.number + 1}).content.wh == 800);
  CHECK(to_string(one(facts).inputs)
        == "read_from=2026-03-10T12:00:00Z:0 read_to=2026-03-10T13:00:00Z:1000 actual_wh=0 half_hours=2 by_history=1 "
           "shape=v1");
}

TEST_CASE("estimation: what was received as an estimate is not estimated, and takes its part of an advance") {
  known_facts facts = plenty();
  facts.actuals.clear();
  facts.reads[1] = {noon.end_s() + 2 * seconds_per_period, 1000};
  facts.shape[{noon.number + 1}] = mean_of(50);
  facts.received_estimates[{noon.number + 2}] = 700;
  const std::vector<period> wanted{{noon.number + 2}, {noon.number + 1}, noon};
  const auto made = estimates_of({}, wanted, facts, built_in_estimation_settings());
  REQUIRE(made.size() == 2);
  for (const estimate& e : made) {
    CHECK(e.method == register_advance);
    CHECK(e.content.wh == 150);
    CHECK(to_string(e.inputs)
          == "read_from=2026-03-10T12:00:00Z:0 read_to=2026-03-10T13:30:00Z:1000 actual_wh=0 received_wh=700 "
             "half_hours=2 shape=v1");
  }
}

TEST_CASE("estimation: ES-01, each method and family has its code and a reason, as the rules want them") {
  const estimation_settings settings = built_in_estimation_settings();
  const auto check = [&](market_segment segment, quantity q, estimation_method method, std::string_view code) {
    CAPTURE(name_of(method));
    const estimate got = one(with_first(method), noon, {q, segment});
    CHECK(name_of(got.content.quality) == code);
    CHECK(!is_actual(got.content.quality));
    CHECK(got.content.reasons == reasons{method == de_energised ? std::uint8_t{7} : std::uint8_t{2}, 0});
    CHECK(is_code_of(quality_family_of(segment, q), method, got.content.quality));
    CHECK(!broken_rule({q, got.period, 1, got.content}, connection{}, {}));
  };
  const char* const smart[]{"E1", "E2", "E3", "E4", "E5", "E6", "ZE1"};
  const char* const advanced[]{"EA2", "EA12", "EA12", "EA3", "EA13", "EA13", "ZE1"};
  const char* const advanced_export[]{"EAE1", "EAE2", "EAE2", "EAE1", "EAE2", "EAE2", "ZE1"};
  const char* const unmetered[]{"E", "E", "E", "E", "E", "E", "ZE"};
  for (const estimation_method method : all_methods) {
    check(market_segment::smart, quantity::active_import, method, smart[index_of(method)]);
    check(market_segment::smart, quantity::active_export, method, smart[index_of(method)]);
    check(market_segment::advanced, quantity::active_import, method, advanced[index_of(method)]);
    check(market_segment::advanced, quantity::reactive_export, method, advanced[index_of(method)]);
    check(market_segment::advanced, quantity::active_export, method, advanced_export[index_of(method)]);
    check(market_segment::unmetered, quantity::active_import, method, unmetered[index_of(method)]);
  }
}

TEST_CASE("estimation: the reason is what became of the half hour; no supply goes before it") {
  known_facts facts = plenty();
  facts.refused = {noon};
  CHECK(one(facts).content.reasons.estimation == 3);
  facts.without_supply = {noon};
  CHECK(one(facts).content.reasons.estimation == 7);
  CHECK(one(facts).method == de_energised);
}

TEST_CASE("estimation: ES-08, annual consumption over the shape") {
  known_facts facts;
  facts.shape_elsewhere = mean_of(400);
  facts.figures = {figure_from({2025, 1, 1}, annual_source::central, 4'200'000)};
  facts.annual_totals[noon.day()] = whole_year(3'500'000);
  CHECK(one(facts).content.wh == 480);
  // A total that is a per cent short still counts, as it stands; below that the seven-day total does.
  facts.seven_day_totals[noon.day()] = whole_week(70'000);
  shape_totals& annual = facts.annual_totals[noon.day()];
  annual.half_hours = 17'345;
  CHECK(one(facts).content.wh == 480);
  annual.half_hours = 17'344;
  CHECK(one(facts).content.wh == 460); // 400 / 70,000 * 7 * 4,200,000 / 365 = 460.27
  CHECK(to_string(one(facts).inputs) == "annual=ECS:4200000 from=2025-01-01 shape_wh=400 total=7-days:70000 shape=v1");
  facts.seven_day_totals[noon.day()].half_hours = 333;
  CHECK(one(facts).method == central_annual);
  facts.seven_day_totals[noon.day()].half_hours = 332;
  CHECK(one(facts).method == shape_mean);
  CHECK(one(facts).exceptions == std::vector{estimation_exception::annual_without_shape});
}

TEST_CASE("estimation: ES-07, a supplier's figure goes first for 365 days, whatever central settlement says later") {
  known_facts facts;
  facts.shape_elsewhere = mean_of(1);
  facts.figures = {figure_from({2025, 3, 1}, annual_source::supplier, 2000),
                   figure_from({2025, 9, 1}, annual_source::central, 3000)};
  const auto at = [&](const civil_date& date, int number) {
    const period p = *from_settlement_period({date, number});
    facts.annual_totals[p.day()] = whole_year(10);
    return one(facts, p);
  };
  CHECK(at({2025, 2, 28}, 48).method == shape_mean);
  CHECK(at({2025, 3, 1}, 1).method == supplier_annual);
  CHECK(at({2026, 2, 28}, 48).method == supplier_annual); // day 365
  CHECK(at({2026, 3, 1}, 1).method == central_annual);    // day 366
  // The date is the local one: in summer its first half hour begins at 23:00 UTC of the day before.
  facts.figures[0].from = {2025, 6, 1};
  CHECK(at({2025, 6, 1}, 1).method == supplier_annual);
  CHECK(at({2026, 5, 31}, 48).method == supplier_annual);
  CHECK(at({2026, 6, 1}, 1).method == central_annual);
  // A later figure of the supplier takes the place of the earlier one.
  facts.figures.push_back(figure_from({2026, 5, 1}, annual_source::supplier, 4000));
  CHECK(at({2026, 4, 30}, 1).content.wh == 200);
  CHECK(at({2026, 5, 1}, 1).content.wh == 400);
  CHECK(at({2027, 4, 30}, 48).content.wh == 400);
  CHECK(at({2027, 5, 1}, 1).content.wh == 300);
}

TEST_CASE("estimation: what cannot be used is noted on the way to the next rung") {
  using enum estimation_exception;
  known_facts facts = plenty();
  facts.actuals = {{{noon.number + 1}, 11}};
  facts.reads[1].at_s += seconds_per_period;
  CHECK(one(facts).method == supplier_annual);
  CHECK(one(facts).exceptions == std::vector{register_below_intervals});
  facts.figures[0].consumption.wh = -1;
  CHECK(one(facts).method == central_annual);
  CHECK(one(facts).exceptions == std::vector{register_below_intervals, annual_out_of_bounds});
  facts.annual_totals.clear();
  CHECK(one(facts).method == shape_mean);
  CHECK(one(facts).exceptions == std::vector{register_below_intervals, annual_without_shape}); // once
  facts.annual_totals[noon.day()] = whole_year(0); // a panel that never gave anything
  CHECK(one(facts).exceptions == std::vector{register_below_intervals, annual_without_shape});
  facts.annual_totals[noon.day()] = whole_year(5000);
  CHECK(
    one(facts, noon, {quantity::active_import, market_segment::smart, connection_type::whole_current, 29}).exceptions
    == std::vector{register_below_intervals, annual_out_of_bounds});
  facts.shape[noon] = {}; // of a year that is known otherwise: no data is not zero
  CHECK(one(facts).method == default_value);
  CHECK(one(facts).exceptions == std::vector{register_below_intervals, annual_without_shape});
  for (std::size_t i = 0; i < estimation_exception_count; ++i)
    CHECK(!name_of(static_cast<estimation_exception>(i)).empty());
  CHECK(name_of(annual_out_of_bounds) == "annual-out-of-bounds");
  CHECK(name_of(register_below_intervals) == "register-below-intervals");
}

TEST_CASE("estimation: the order is a setting, and behind it is the default of the connection type") {
  estimation_settings settings = built_in_estimation_settings();
  settings.order = {own_history, register_advance};
  settings.default_wh[index_of(connection_type::high_voltage)] = 7;
  const estimation_subject subject{quantity::active_import, market_segment::advanced, connection_type::high_voltage};
  known_facts facts = plenty();
  CHECK(one(facts, noon, subject, settings).method == own_history);
  facts.actuals.clear();
  CHECK(one(facts, noon, subject, settings).method == register_advance);
  facts.reads.clear();
  CHECK(one(facts, noon, subject, settings).method == default_value);
  CHECK(one(facts, noon, subject, settings).content.wh == 7);
  CHECK(one(facts, noon, {}, settings).content.wh == 0);
}

TEST_CASE("estimation: names of methods go there and back") {
  for (const estimation_method method : all_methods)
    CHECK(parse_estimation_method(name_of(method)) == method);
  CHECK(name_of(register_advance) == "register-advance");
  CHECK(!parse_estimation_method("Register-advance"));
  CHECK(!parse_estimation_method(""));
}

TEST_CASE("estimation: an actual gives way to nothing, and half hours come ascending, each once") {
  known_facts facts = plenty();
  const period before{noon.number - 1};
  CHECK(estimates_of({}, std::vector<period>{noon, before, noon}, facts, built_in_estimation_settings()).size() == 2);
  facts.actuals[noon] = 5;
  const auto rest = estimates_of({}, std::vector<period>{noon, before, noon}, facts, built_in_estimation_settings());
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].period == before);
}

TEST_CASE("estimation: ES-09, a month's advance is kept over both changes of the clock") {
  for (const civil_date date : {civil_date{2026, 3, 29}, civil_date{2026, 10, 25}}) {
    known_facts facts;
    const std::vector<period> day = periods_of(date);
    facts.reads = {{day.front().start_s() - 15 * 86'400, 700'000}, {day.back().end_s() + 14 * 86'400, 1'000'001}};
    std::int64_t actual_wh = 0;
    for (std::int32_t n = day.front().number - 15 * periods_per_day; n <= day.back().number + 14 * periods_per_day;
         ++n) {
      facts.shape[{n}] = mean_of(100 + n % 37);
      if (n >= day.front().number && n <= day.back().number)
        continue;
      facts.actuals[{n}] = 150 + n % 11;
      actual_wh += 150 + n % 11;
    }
    std::int64_t estimated_wh = 0;
    const auto estimates = estimates_of({}, day, facts, built_in_estimation_settings());
    CHECK(static_cast<int>(estimates.size()) == settlement_periods_of(date));
    for (const estimate& e : estimates) {
      CHECK(e.method == register_advance);
      estimated_wh += e.content.wh;
    }
    CHECK(estimated_wh + actual_wh == 300'001);
  }
}

TEST_CASE("estimation: ES-10, parts of the half hours, in any order, are estimated as all of them are") {
  const estimation_settings settings = built_in_estimation_settings();
  std::set<estimation_method> seen;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    seeded_random random(seed);
    known_facts facts;
    std::vector<period> all;
    for (std::int32_t i = -28 * periods_per_day; i < 2 * periods_per_day; ++i) {
      const period p{noon.number + i};
      if (i >= 0)
        all.push_back(p);
      if (random.chance(9, 10))
        facts.shape[p] = mean_of(random.between<std::int64_t>(0, 900));
      if (random.chance(1, 2))
        facts.actuals[p] = random.between<std::int64_t>(0, 900);
      if (random.chance(1, 50))
        facts.without_supply.insert(p);
      if (random.chance(1, 5))
        facts.refused.insert(p);
    }
    std::int64_t at_s = all.front().start_s();
    for (std::int64_t wh = 0; at_s < all.back().end_s(); at_s += random.between<std::int64_t>(1, 40'000))
      facts.reads.push_back({at_s, wh += random.between<std::int64_t>(0, 20'000)});
    if (random.chance(1, 2))
      facts.figures.push_back(figure_from({2026, 3, 10}, annual_source::central, 3'000'000));
    if (random.chance(1, 2))
      facts.figures.push_back(figure_from({2026, 3, 11}, annual_source::supplier, 4'000'000));
    if (random.chance(1, 4)) {
      facts.actuals.clear();
      facts.shape_elsewhere = {};
    }
    for (std::int32_t day = 0; day < 4; ++day)
      facts.seven_day_totals[{noon.day().number + day}] = whole_week(random.between<std::int64_t>(0, 100'000));

    const auto whole = estimates_of({}, all, facts, settings);
    std::vector<estimate> parts;
    random.shuffle(all);
    while (!all.empty()) {
      const std::size_t count = std::min<std::size_t>(all.size(), 1 + random.below(40));
      std::vector<period> some(all.end() - static_cast<std::ptrdiff_t>(count), all.end());
      all.resize(all.size() - count);
      for (estimate& e : estimates_of({}, some, facts, settings))
        parts.push_back(std::move(e));
    }
    std::sort(parts.begin(), parts.end(), [](const estimate& a, const estimate& b) { return a.period < b.period; });
    CHECK(parts == whole);
    for (const estimate& e : whole)
      seen.insert(e.method);
  }
  CHECK(seen.size() == estimation_method_count);
}

TEST_CASE("estimation: the largest values are estimated or refused, never wrapped") {
  known_facts facts = plenty();
  facts.reads = {{noon.start_s(), 0}, {noon.end_s(), largest_energy_wh}};
  CHECK(one(facts).content.wh == largest_energy_wh);
  facts.reads[1].wh = std::numeric_limits<std::int64_t>::max();
  CHECK(one(facts).exceptions == std::vector{estimation_exception::register_above_maximum});
  CHECK(one(facts).method == own_history);
  facts.actuals.clear();
  facts.figures = {figure_from({2026, 1, 1}, annual_source::supplier, largest_energy_wh)};
  facts.shape_elsewhere = mean_of(largest_shape_wh);
  facts.annual_totals[noon.day()] = whole_year(largest_shape_wh);
  CHECK(one(facts).content.wh == largest_energy_wh);
  facts.annual_totals[noon.day()] = whole_year(largest_shape_wh / 2);
  CHECK(one(facts).method == shape_mean);
  CHECK(one(facts).content.wh == largest_shape_wh);
}
