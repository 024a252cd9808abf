#include "src/settlement/shape_book.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/shape_fixture.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <string>
#include <thread>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr utc_day first_day{20'000};
constexpr utc_day last_day{20'003};
constexpr utc_day day_after(utc_day day, int days) { return {day.number + days}; }
constexpr std::int64_t end_of(utc_day day) { return period_at(day, 47).end_s(); }

stored_reading reading_of(std::uint32_t twin, utc_day day, int slot, const content& c,
                          quantity q = quantity::active_import, std::uint16_t version = 1) {
  stored_reading out;
  out.twin = {twin};
  out.day = day;
  out.slot = static_cast<std::uint8_t>(slot);
  out.quantity = q;
  out.version = version;
  out.content = c;
  out.source = 1;
  out.line = 1;
  return out;
}

/// Of whole days of some twins, with gaps, versions, contradictions and estimates.
std::map<std::uint32_t, std::vector<stored_reading>> random_readings(seeded_random& random) {
  const std::vector<content> contents = few_contents();
  std::map<std::uint32_t, std::vector<stored_reading>> out;
  for (int twins = random.between(1, 5); twins != 0; --twins) {
    const auto t = static_cast<std::uint32_t>(random.below(3));
    const auto twin = static_cast<std::uint32_t>(random.below(t == 0 ? 4 : 2));
    const utc_day day = day_after(first_day, random.between(0, 3));
    const auto q = static_cast<quantity>(random.chance(3, 4) ? 0 : random.below(quantity_count));
    const bool whole = random.chance(1, 2);
    for (int slot = 0; slot < periods_per_day; ++slot)
      if (whole || random.chance(1, 3))
        out[t].push_back(reading_of(
          twin, day, slot, whole || random.chance(1, 2) ? actual_of(random.between(0, 0xFFFF)) : random.pick(contents),
          q, random.chance(1, 8) ? 2 : 1));
  }
  return out;
}

/// One category of the first transformer: that of meters 2 and 3.
constexpr shape_category plain{'A', connection_type::low_voltage, market_segment::smart, true, quantity::active_import};

published_shape flat(std::int64_t wh, shape_flag flag) {
  published_shape out;
  out.fill({wh, flag});
  return out;
}

/// Meter 2 has so many Wh in each half hour of the days from `first` on.
void add_flat_days(shape_store& store, utc_day first, const std::vector<std::int64_t>& wh) {
  std::map<std::uint32_t, std::vector<stored_reading>> readings;
  for (std::size_t i = 0; i < wh.size(); ++i)
    for (int slot = 0; slot < periods_per_day; ++slot)
      readings[0].push_back(reading_of(1, day_after(first, static_cast<int>(i)), slot, actual_of(wh[i])));
  store.run(readings, {});
}

} // namespace

TEST_CASE("shape_book: ES-02 ES-03 the means of actual readings by category, whatever of them is kept, known or summed "
          "again") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    CAPTURE(seed);
    seeded_random random(4200 + seed);
    shape_store store;
    for (int step = 0; step < 6; ++step) {
      const std::optional<std::int64_t> received =
        random.chance(1, 2) ? std::optional(end_of(first_day) + 43'200 * random.between(-2, 12)) : std::nullopt;
      store.run(random_readings(random), {received}, random.chance(2, 3));
      if (random.chance(1, 3)) {
        connection& c = store.estate_now().connections[random.below(store.estate_now().connections.size())];
        c.domestic = random.chance(1, 2);
        c.segment = random.chance(1, 2) ? market_segment::advanced : market_segment::smart;
        store.bind();
      }
      if (random.chance(1, 6)) {
        store.estate_now().transformers[random.below(3)].gsp_group = random.chance(1, 2) ? 'A' : 'B';
        store.bind();
      }
      CHECK(store.book({}, first_day, last_day).shapes() == store.naive({}, first_day, last_day));
      const std::int64_t cut = end_of(first_day) + 1800 * random.between(-60, 220);
      CHECK(store.book(cut, first_day, last_day).shapes() == store.naive(cut, first_day, last_day));
      const utc_day one = day_after(first_day, random.between(0, 3));
      CHECK(store.book(cut, one, one).shapes() == store.naive(cut, one, one));
    }
  }
}

TEST_CASE("shape_book: what is kept is taken where it is of the cut and of the estate, and nowhere else") {
  shape_store store;
  const std::int64_t received = end_of(first_day) + 3600;
  store.run({{0, {reading_of(1, first_day, 0, actual_of(100)), reading_of(2, first_day, 0, actual_of(300))}}},
            {received});
  const auto value = [&](std::optional<std::int64_t> cut, const shape_category& category = plain) {
    return store.book(cut, first_day, first_day).shape(category, first_day)[0];
  };
  const shape_value right{200, shape_flag::actual_mean};
  CHECK(value({}) == right);
  CHECK(value(received) == right);
  CHECK(value(received - 1) == shape_value{});
  // A sum that no reading gives shows where it is used.
  kept_shapes kept = store.kept(0, first_day);
  CHECK(kept.known_by_s == received);
  REQUIRE(kept.parts.size() == 1);
  CHECK(kept.parts[0].first == plain);
  CHECK(kept.parts[0].second.half_hours[0] == shape_half_hour{400, 2});
  kept.parts[0].second.half_hours[0].sum_wh = 20'000;
  store.keep(0, first_day, kept);
  const shape_value marked{10'000, shape_flag::actual_mean};
  CHECK(value({}) == marked);
  CHECK(value(received) == marked);
  CHECK(value(received - 1) == shape_value{}); // from the readings, of which none was known

  SUBCASE("a connection that changes its category") {
    store.estate_now().connections[2].segment = market_segment::advanced;
    store.bind();
    shape_category advanced = plain;
    advanced.segment = market_segment::advanced;
    CHECK(value({}) == shape_value{100, shape_flag::actual_mean});
    CHECK(value({}, advanced) == shape_value{300, shape_flag::actual_mean});
    store.estate_now().connections[2].segment = market_segment::smart;
    store.bind();
    CHECK(value({}) == marked);
  }
  SUBCASE("a transformer that changes its GSP group") {
    store.estate_now().transformers[0].gsp_group = 'B';
    store.bind();
    shape_category moved = plain;
    moved.gsp_group = 'B';
    CHECK(value({}) == shape_value{});
    CHECK(value({}, moved) == right);
  }
  SUBCASE("a meter that is new takes nothing from it") {
    connection fresh = store.estate_now().connections[3];
    fresh.mpan = test_mpan(9);
    fresh.type = connection_type::high_voltage;
    auto& connections = store.estate_now().connections;
    connections.insert(connections.begin() + 4, fresh);
    store.bind();
    CHECK(value({}) == marked);
  }
  SUBCASE("another transformer's estate is another's matter") {
    store.estate_now().connections[5].segment = market_segment::unmetered;
    store.bind();
    CHECK(value({}) == marked);
  }
  SUBCASE("a run that was cut off") {
    store.run({{0, {reading_of(1, first_day, 1, actual_of(5))}}}, {received}, false);
    CHECK(value({}) == right);
  }
}

TEST_CASE("shape_book: parts that are damaged are an error, not another shape") {
  shape_store store;
  store.run({{0, {reading_of(1, first_day, 0, actual_of(100))}}}, {});
  REQUIRE(store.try_book(first_day));
  sqlite_database database = store.store().writer_connection();
  REQUIRE(database.execute("UPDATE shape_parts SET body = x'00FF'"));
  const auto failed = store.try_book(first_day);
  REQUIRE(!failed);
  CHECK(failed.failure().code == errc::store_failed);
  CHECK(store.try_book(day_after(first_day, 1))); // which does not need them
}

TEST_CASE("shape_book: ES-04 flags: A of actuals, B of an empty category, those from outside first, as they are") {
  shape_store store;
  store.run({{0,
              {reading_of(1, first_day, 0, actual_of(100)), reading_of(1, first_day, 1, actual_of(100)),
               reading_of(1, first_day, 2, estimate_of(50))}}},
            {});
  published_shapes outside;
  published_shape& given = outside[plain][first_day];
  given[1] = {7, shape_flag::back_stop};
  given[3] = {9, shape_flag::actual_mean};
  const utc_day next = day_after(first_day, 1);
  outside[plain][next] = flat(4, shape_flag::default_value);
  outside[plain][day_after(first_day, 2)] = flat(1, shape_flag::actual_mean); // not asked for
  const shape_book book = store.book({}, first_day, next, outside);
  const published_shape& found = book.shape(plain, first_day);
  CHECK(found[0] == shape_value{100, shape_flag::actual_mean});
  CHECK(found[1] == shape_value{7, shape_flag::back_stop});
  CHECK(found[2] == shape_value{0, shape_flag::no_data}); // an estimate is no actual
  CHECK(found[3] == shape_value{9, shape_flag::actual_mean});
  CHECK(found[4] == shape_value{0, shape_flag::no_data});
  CHECK(book.shape(plain, next) == flat(4, shape_flag::default_value));
  CHECK(book.day_totals(plain, first_day).total_wh() == 116);
  CHECK(book.day_totals(plain, next).total_wh() == 4 * 48);
  shape_category empty = plain;
  empty.type = connection_type::extra_high;
  CHECK(book.shape(empty, first_day) == published_shape{});
  CHECK(book.day_totals(empty, first_day) == shape_totals{});
  CHECK(book.shape(plain, day_after(first_day, 2)) == published_shape{});
  CHECK(book.shapes().size() == 1);
  CHECK(book.shapes().begin()->second.size() == 2);
}

TEST_CASE("shape_book: ES-04 fewer actuals than the threshold are no data, unless outside has a value") {
  shape_store store;
  store.run({{0,
              {reading_of(1, first_day, 0, actual_of(100)), reading_of(2, first_day, 0, actual_of(200)),
               reading_of(1, first_day, 1, actual_of(100)), reading_of(1, first_day, 2, actual_of(100))}}},
            {});
  published_shapes outside;
  outside[plain][first_day][2] = {5, shape_flag::default_value};
  shape_rules rules;
  rules.fewest_actuals = 2;
  const shape_book book = store.book({}, first_day, first_day, outside, rules);
  CHECK(book.shape(plain, first_day)[0] == shape_value{150, shape_flag::actual_mean});
  CHECK(book.shape(plain, first_day)[1] == shape_value{});
  CHECK(book.shape(plain, first_day)[2] == shape_value{5, shape_flag::default_value});
}

TEST_CASE("shape_book: ES-05 totals of this date and the six before, and of 365 dates") {
  shape_store store;
  std::vector<std::int64_t> wh;
  for (int i = 0; i < 400; ++i)
    wh.push_back(1 + i);
  add_flat_days(store, first_day, wh);
  store_reader reader = store.store().reader();
  const published_shapes outside{{plain, {{day_after(first_day, 400), flat(1000, shape_flag::default_value)}}}};
  const utc_day last = day_after(first_day, 400);
  const shape_book both = store.book({}, first_day, last, outside);
  const auto sum = [&](int first, int end) {
    std::int64_t out = 0;
    for (int i = first; i < end; ++i)
      out += 48 * (i == 400 ? 1000 : wh[static_cast<std::size_t>(i)]);
    return out;
  };
  for (int at = 0; at <= 400; ++at) {
    const shape_totals seven = both.seven_day_totals(plain, day_after(first_day, at));
    CHECK(seven.total_wh() == sum(std::max(0, at - 6), at + 1));
    CHECK(seven.days == static_cast<std::uint32_t>(std::min(7, at + 1)));
    const shape_totals annual = both.annual_totals(plain, day_after(first_day, at));
    CHECK(annual.total_wh() == sum(std::max(0, at - 364), at + 1));
    CHECK(annual.half_hours == 48 * static_cast<std::uint32_t>(std::min(365, at + 1)));
  }
  CHECK(both.annual_totals({}, last) == shape_totals{});
}

TEST_CASE("shape_book: ES-06 peak and off-peak split at 07:00 UTC, or half an hour later") {
  shape_store store;
  std::map<std::uint32_t, std::vector<stored_reading>> readings;
  for (const int number : {1, 14, 15, 16}) // of the period, from 1
    readings[0].push_back(reading_of(1, first_day, number - 1, actual_of(number * number)));
  store.run(readings, {});
  shape_rules rules;
  CHECK(store.book({}, first_day, first_day).day_totals(plain, first_day) == shape_totals{225 + 256, 1 + 196, 1, 4});
  rules.off_peak = off_peak_window::periods_2_to_15;
  const shape_book later = store.book({}, first_day, first_day, shape_store::none(), rules);
  CHECK(later.day_totals(plain, first_day) == shape_totals{1 + 256, 196 + 225, 1, 4});
  CHECK(later.seven_day_totals(plain, first_day) == later.day_totals(plain, first_day));
}

TEST_CASE("shape_book: totals alone are the same totals, and values may be added to them") {
  seeded_random random(77);
  shape_store store;
  for (int i = 0; i < 4; ++i)
    store.run(random_readings(random), {});
  const shape_book whole = store.book({}, first_day, last_day);
  shape_book lean({}, shape_store::none());
  store_reader reader = store.store().reader();
  const topology_binding bound = [&] {
    sqlite_database database = store.store().reader_connection();
    auto out = bind_topology(database, store.estate_now(), {});
    REQUIRE(out);
    return std::move(*out);
  }();
  const store_cut cut{&reader, &store.estate_now(), &bound.topology, {}};
  REQUIRE(lean.prepare_totals(cut, first_day, last_day));
  CHECK(lean.shapes().empty());
  REQUIRE(lean.prepare(cut, last_day, last_day));
  REQUIRE(!whole.shapes().empty());
  for (const auto& [category, days] : whole.shapes()) {
    CHECK(lean.annual_totals(category, last_day) == whole.annual_totals(category, last_day));
    CHECK(lean.shape(category, last_day) == whole.shape(category, last_day));
  }
  // Once prepared, several threads may ask.
  std::vector<std::int64_t> sums(4);
  std::vector<std::thread> askers;
  for (std::int64_t& sum : sums)
    askers.emplace_back([&whole, &sum] {
      for (const auto& [category, days] : whole.shapes())
        sum += whole.annual_totals(category, last_day).total_wh() + whole.shape(category, first_day)[3].wh;
    });
  for (std::thread& asker : askers)
    asker.join();
  CHECK(sums == std::vector<std::int64_t>(4, sums[0]));
}
