#include "src/settlement/date_progress.hpp"

#include "src/settlement/stored_dates.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/shape_fixture.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr std::int64_t day_s = 86'400;

stored_reading reading_of(twin_slot twin, period p, const content& c, quantity q = quantity::active_import,
                          std::uint16_t version = 1) {
  stored_reading out;
  out.twin = twin;
  out.day = p.day();
  out.slot = static_cast<std::uint8_t>(p.slot());
  out.quantity = q;
  out.version = version;
  out.content = c;
  out.source = 1;
  out.line = 1;
  return out;
}

/// Of four dates; the first is the day on which the clock changes, or the day before.
std::vector<civil_date> dates_from(const civil_date& first) {
  std::vector<civil_date> out;
  for (int n = 0; n < 4; ++n)
    out.push_back(civil_from_days(days_from_civil(first) + n));
  return out;
}

/// Meters that have two quantities, come, go, and move within and between transformers; two suppliers.
void vary(estate& e, seeded_random& random, const civil_date& middle) {
  const std::int32_t move = from_settlement_period({middle, 1})->number;
  for (std::size_t i = 0; i < e.connections.size(); ++i) {
    connection& c = e.connections[i];
    c.quantities = random.chance(1, 3) ? mask_of(quantity::active_import) | mask_of(quantity::active_export)
                                       : mask_of(quantity::active_import);
    c.supplier_mpid = random.chance(1, 2) ? std::array{'S', 'U', 'P', 'A'} : std::array{'B', 'B', '\0', '\0'};
    if (random.chance(1, 3))
      c.effective.end = move + random.between(-60, 60);
    else if (random.chance(1, 3))
      c.effective.first = move + random.between(-60, 60);
  }
  // One meter at two transformers, one after the other.
  e.connections[0].effective = {std::numeric_limits<std::int32_t>::min(), move + 7};
  e.connections[4].mpan = e.connections[0].mpan;
  e.connections[4].effective = {move + 7, std::numeric_limits<std::int32_t>::max()};
}

std::map<std::uint32_t, std::vector<stored_reading>> random_run(const shape_store& store, const estate& e,
                                                                seeded_random& random, const civil_date& first) {
  const std::vector<content> contents = few_contents();
  const std::int32_t begin = from_settlement_period({first, 1})->number;
  std::map<std::uint32_t, std::vector<stored_reading>> out;
  for (std::size_t i = 0; i < e.connections.size(); ++i) {
    const connection& c = e.connections[i];
    if (random.chance(1, 3))
      continue;
    const bool plain = random.chance(2, 3);
    const std::int32_t from = begin + random.between(-20, 150);
    for (std::int32_t n = from; n < from + random.between(1, 120); ++n)
      for (const quantity q : quantities_by_name)
        if ((c.quantities & mask_of(q)) != 0 && c.effective.contains({n}) && random.chance(9, 10))
          out[e.transformer_of(c).value].push_back(reading_of(store.topology_now().slot_of[i], {n},
                                                              plain ? actual_of(n % 7) : random.pick(contents), q,
                                                              !plain && random.chance(1, 4) ? 2 : 1));
  }
  return out;
}

/// Half hour by half hour, in the plainest words.
struct naive_progress {
  std::uint64_t expected = 0;
  std::uint64_t received = 0;
  std::uint64_t actual = 0;
  std::set<std::uint64_t> with_gaps;
  std::vector<std::int64_t> known;
};

std::map<std::string, naive_progress> naively(const shape_store& store, const estate& e, const civil_date& date,
                                              std::int64_t as_of_s, progress_group by) {
  std::map<std::string, naive_progress> out;
  const std::int32_t around = days_from_civil(date) * periods_per_day;
  for (std::size_t i = 0; i < e.connections.size(); ++i) {
    const connection& c = e.connections[i];
    const std::uint32_t t = e.transformer_of(c).value;
    std::string group;
    if (by == progress_group::supplier)
      group = c.supplier_mpid[0] == 'S' ? "SUPA" : "BB";
    if (by == progress_group::gsp_group)
      group = std::string("_") + e.transformers[t].gsp_group;
    if (by == progress_group::transformer)
      group = e.transformers[t].id;
    naive_progress& n = out[group];
    for (std::int32_t number = around - 100; number < around + 150; ++number) {
      const period p{number};
      if (to_settlement_period(p).date != date || !c.effective.contains(p))
        continue;
      for (const quantity q : quantities_by_name) {
        if ((c.quantities & mask_of(q)) == 0)
          continue;
        ++n.expected;
        naive_half_hour half_hour;
        std::int64_t first = std::numeric_limits<std::int64_t>::max();
        const auto offered = store.all().find({t, store.topology_now().slot_of[i], p.day(), p.slot(), q});
        if (offered != store.all().end())
          for (const auto& [known, r] : offered->second)
            if (known <= as_of_s) {
              half_hour.add(r);
              first = std::min(first, known);
            }
        const auto now = half_hour.current();
        if (!now) {
          n.with_gaps.insert(c.mpan.number);
          continue;
        }
        ++n.received;
        n.actual += name_of(now->content.quality)[0] == 'A' ? 1 : 0;
        n.known.push_back(first);
      }
    }
  }
  return out;
}

void check_same(const date_progress& found, const naive_progress& expected, std::int64_t exact_from_s,
                std::int64_t as_of_s) {
  CHECK(found.expected == expected.expected);
  CHECK(found.received == expected.received);
  CHECK(found.actual == expected.actual);
  CHECK(found.meters_with_gaps() == expected.with_gaps.size());
  for (std::int64_t at = exact_from_s; at <= as_of_s + 1; at += 900) {
    std::uint64_t before = 0;
    std::uint64_t until = 0;
    for (const std::int64_t known : expected.known) {
      before += known < at ? 1 : 0;
      until += known <= at ? 1 : 0;
    }
    CHECK(found.known.before(at) == before);
    CHECK(found.known.until(at) == until);
  }
  CHECK(found.known.until(as_of_s) == expected.received);
}

progress_meter::groups measure(const shape_store& store, const estate& e, std::vector<measured_date> dates,
                               std::int64_t as_of_s, progress_group by) {
  store_reader reader = store.store().reader();
  auto meter = progress_meter::open({&reader, &e, &store.topology_now(), as_of_s}, std::move(dates), by);
  REQUIRE(meter);
  for (std::uint32_t t = 0; t < e.transformers.size(); ++t)
    REQUIRE(meter->add({t}));
  return meter->take();
}

} // namespace

TEST_CASE(
  "date_progress: TM-04 SR-09 counts by local date are those of its half hours, whatever was summarised or known "
  "when") {
  const std::vector<civil_date> firsts{{2026, 3, 28}, {2026, 3, 29}, {2026, 10, 24}, {2026, 6, 14}, {2026, 1, 14}};
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    CAPTURE(seed);
    seeded_random random(8800 + seed);
    const civil_date first = firsts[seed % firsts.size()];
    const std::vector<civil_date> dates = dates_from(first);
    const std::int64_t begin = from_settlement_period({first, 1})->start_s();
    shape_store store;
    vary(store.estate_now(), random, dates[1]);
    store.bind();
    for (int step = 0; step < 4; ++step) {
      const std::optional<std::int64_t> received =
        random.chance(2, 3) ? std::optional(begin + 3600 * random.between(30, 150)) : std::nullopt;
      store.run(random_run(store, store.estate_now(), random, first), {received}, random.chance(3, 4));
      const std::int64_t as_of = begin + 3600 * random.between(24, 170);
      const std::int64_t exact_from = as_of + 1 - 3600 * random.between(0, 96);
      std::vector<measured_date> measured;
      for (const civil_date& date : dates)
        measured.push_back({date, exact_from});
      for (const progress_group by :
           {progress_group::all, progress_group::supplier, progress_group::gsp_group, progress_group::transformer}) {
        CAPTURE(static_cast<int>(by));
        const auto found = measure(store, store.estate_now(), measured, as_of, by);
        for (std::size_t i = 0; i < dates.size(); ++i) {
          const auto expected = naively(store, store.estate_now(), dates[i], as_of, by);
          CHECK(found.size() == expected.size());
          for (const auto& [group, counts] : expected) {
            CAPTURE(group);
            REQUIRE(found.contains(group));
            check_same(found.at(group)[i], counts, exact_from, as_of);
          }
        }
      }
    }
  }
}

TEST_CASE("date_progress: TM-04 a date of 46, 48 or 50 half hours spans two UTC days where summer time says so") {
  shape_store store;
  for (connection& c : store.estate_now().connections)
    c.quantities = mask_of(quantity::active_import);
  store.bind();
  const auto expected = [&](const civil_date& date) {
    return measure(store, store.estate_now(), {{date, 0}}, day_s * 30'000, progress_group::all).at("")[0].expected;
  };
  CHECK(expected({2026, 3, 28}) == 8 * 48);
  CHECK(expected({2026, 3, 29}) == 8 * 46);
  CHECK(expected({2026, 10, 25}) == 8 * 50);
  // The last two half hours of UTC 2026-06-14 are the first two of local 2026-06-15.
  const utc_day eve{days_from_civil({2026, 6, 14})};
  const std::int64_t known = period_at(eve, 47).end_s();
  store.run({{0,
              {reading_of({0}, period_at(eve, 45), actual_of(1)), reading_of({0}, period_at(eve, 46), actual_of(1)),
               reading_of({0}, period_at(eve, 47), estimate_of(1))}}},
            {});
  const auto found =
    measure(store, store.estate_now(), {{{2026, 6, 14}, 0}, {{2026, 6, 15}, 0}}, known, progress_group::all);
  CHECK(found.at("")[0].received == 1);
  CHECK(found.at("")[1].received == 2);
  CHECK(found.at("")[1].actual == 1);
  CHECK(found.at("")[1].known.by_instant()
        == std::vector<std::pair<std::int64_t, std::uint64_t>>{{known - 1800, 1}, {known, 1}});
}

TEST_CASE("date_progress: what is kept beside the readings is taken where it tells all that is asked") {
  shape_store store;
  const utc_day day{days_from_civil({2026, 1, 14})};
  const civil_date date{2026, 1, 14};
  const std::int64_t received = period_at(day, 47).end_s() + 3600;
  store.run(
    {{0, {reading_of({1}, period_at(day, 0), actual_of(100)), reading_of({2}, period_at(day, 0), actual_of(1))}}},
    {received});
  // Masks that no readings give show where they are used: here those of the other transformer's two half hours.
  sqlite_database database = store.store().writer_connection();
  REQUIRE(database.execute("DELETE FROM fragments"));
  const auto received_at = [&](std::int64_t as_of_s) {
    return measure(store, store.estate_now(), {{date, as_of_s + 1}}, as_of_s, progress_group::all).at("")[0].received;
  };
  CHECK(received_at(received) == 2);
  CHECK(received_at(received - 1) == 0); // from the readings, which are gone
  REQUIRE(database.execute("UPDATE days SET summarised = 0"));
  CHECK(received_at(received) == 0);
}

TEST_CASE("stored_dates: TM-04 the local dates whose half hours a store has") {
  shape_store store;
  const auto dates = [&] {
    store_reader reader = store.store().reader();
    std::set<utc_day> days;
    REQUIRE(reader.for_each_day([&](transformer_number, utc_day day, bool) { days.insert(day); }));
    const auto out = stored_dates({&reader, &store.estate_now(), &store.topology_now(), {}},
                                  std::vector<utc_day>(days.begin(), days.end()));
    REQUIRE(out);
    return *out;
  };
  CHECK(dates().empty());
  const utc_day eve{days_from_civil({2026, 6, 14})};
  store.run({{2, {reading_of({1}, period_at(eve, 46), actual_of(1))}}}, {});
  CHECK(dates() == std::vector<civil_date>{{2026, 6, 15}});
  store.run({{1, {reading_of({1}, period_at(eve, 45), actual_of(1))}}}, {}, false);
  CHECK(dates() == std::vector<civil_date>{{2026, 6, 14}, {2026, 6, 15}});
  store.run({{0, {reading_of({1}, period_at({days_from_civil({2026, 1, 3})}, 47), actual_of(1))}}}, {});
  CHECK(dates() == std::vector<civil_date>{{2026, 1, 3}, {2026, 6, 14}, {2026, 6, 15}});
}
