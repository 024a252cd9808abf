#include "twins/load.hpp"

#include "tests/support/naive_readings.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <map>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const utc_day some_day{20'000};

using naive_meter = std::array<naive_day, quantity_count>;

/// Folds one meter half hour by half hour.
void add_naively(day_load& sum, naive_meter& meter, std::uint8_t quantities) {
  for (int slot = 0; slot < periods_per_day; ++slot) {
    half_hour_load& cell = sum[static_cast<std::size_t>(slot)];
    bool reported = false;
    bool estimated = false;
    for (const quantity q : quantities_by_name) {
      if ((quantities & mask_of(q)) == 0)
        continue;
      const naive_half_hour& half_hour = meter[index_of(q)][slot];
      cell.revision += half_hour.accepted_versions();
      const auto now = half_hour.current();
      if (!now)
        continue;
      cell.import_wh += q == quantity::active_import ? now->content.wh : 0;
      cell.export_wh += q == quantity::active_export ? now->content.wh : 0;
      reported = true;
      estimated = estimated || !is_actual(now->content.quality);
    }
    cell.reported += reported ? 1U : 0U;
    cell.estimated += estimated ? 1U : 0U;
  }
}

} // namespace

TEST_CASE("load: AG-02 AG-08 import and export stand apart and counts are of meters") {
  meter_twin twin;
  twin.restore(some_day, quantity::active_import, 0, 1, actual_of(100), true);
  twin.restore(some_day, quantity::active_export, 0, 1, actual_of(30), true);
  twin.restore(some_day, quantity::reactive_import, 0, 1, actual_of(7), true);
  twin.restore(some_day, quantity::active_import, 1, 1, estimate_of(50), true);
  twin.restore(some_day, quantity::active_export, 1, 1, actual_of(5), true);
  twin.restore(some_day, quantity::active_import, 2, 1, estimate_of(50), true);
  twin.restore(some_day, quantity::active_import, 2, 2, actual_of(60), true);
  twin.restore(some_day, quantity::active_import, 3, 1, actual_of(60), true);
  twin.restore(some_day, quantity::active_import, 3, 1, actual_of(61), true);
  twin.restore(some_day, quantity::reactive_export, 4, 1, actual_of(1), true);
  day_load sum{};
  add_meter(sum, twin, some_day);
  CHECK(sum[0] == half_hour_load{100, 30, 1, 0, 3});
  CHECK(sum[1] == half_hour_load{50, 5, 1, 1, 2});
  CHECK(sum[2] == half_hour_load{60, 0, 1, 0, 2}); // the actual came and the estimate counts no more
  CHECK(sum[3] == half_hour_load{0, 0, 0, 0, 0});  // contradicted
  CHECK(sum[4] == half_hour_load{0, 0, 1, 0, 1});
  CHECK(sum[5] == half_hour_load{});
  add_meter(sum, twin, {some_day.number + 1});
  CHECK(sum[0] == half_hour_load{100, 30, 1, 0, 3});
}

TEST_CASE("load: agrees with naive sums over random meters") {
  seeded_random random(401);
  const std::vector<content> contents = few_contents();
  std::size_t wrong = 0;
  for (int round = 0; round < 60; ++round) {
    std::vector<connection> meters;
    for (std::uint64_t n = 1 + random.below(12); n != 0; --n) {
      meters.push_back(test_connection(n));
      meters.back().quantities = random.chance(1, 3) ? 1 : static_cast<std::uint8_t>(1 + random.below(15));
    }
    day_load sum{};
    day_load kept{}; // up to date after every reading
    day_load expected{};
    for (const connection& meter : meters) {
      meter_twin twin;
      naive_meter naive;
      for (std::uint64_t n = random.below(200); n != 0; --n) {
        const auto q = static_cast<quantity>(random.below(quantity_count));
        if ((meter.quantities & mask_of(q)) == 0)
          continue;
        const int slot = random.between(0, 47);
        const offered_reading r{random.between<std::uint16_t>(1, 2),
                                random.chance(1, 2) ? actual_of(random.between(0, 2000)) : random.pick(contents)};
        half_hour_load& cell = kept[static_cast<std::size_t>(slot)];
        cell -= half_hour_of(twin, some_day, slot);
        twin.restore(some_day, q, slot, r.version, r.content, true);
        cell += half_hour_of(twin, some_day, slot);
        naive[index_of(q)][slot].add(r);
      }
      add_meter(sum, twin, some_day);
      add_naively(expected, naive, meter.quantities);
    }
    wrong += sum == expected ? 0 : 1;
    // A transformer is the sum of its feeders.
    day_load doubled = sum;
    doubled += sum;
    wrong += kept == sum ? 0 : 1;
    for (std::size_t i = 0; i < sum.size(); ++i)
      wrong += doubled[i].import_wh == 2 * sum[i].import_wh && doubled[i].export_wh == 2 * sum[i].export_wh
                   && doubled[i].reported == 2 * sum[i].reported && doubled[i].estimated == 2 * sum[i].estimated
                   && doubled[i].revision == 2 * sum[i].revision
                 ? 0
                 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("load: AG-01 a feeder's total is the sum of ten thousand twins, quantity by quantity, to the watt-hour") {
  seeded_random random(402);
  day_load sum{};
  std::array<std::array<std::int64_t, periods_per_day>, quantity_count> expected{};
  std::array<std::uint32_t, periods_per_day> reported{};
  std::vector<meter_twin> twins(10'000);
  for (meter_twin& twin : twins) {
    for (const int slot : {0, 17, 35, 47}) {
      bool any = false;
      for (const quantity q : quantities_by_name) {
        if (q != quantity::active_import && random.chance(3, 4))
          continue;
        const std::int64_t wh = random.between<std::int64_t>(0, random.chance(1, 50) ? 400'000'000'000 : 60'000);
        twin.restore(some_day, q, slot, 1, actual_of(wh), true);
        expected[index_of(q)][static_cast<std::size_t>(slot)] += wh;
        any = true;
      }
      reported[static_cast<std::size_t>(slot)] += any ? 1U : 0U;
    }
    add_meter(sum, twin, some_day);
  }
  for (std::size_t slot = 0; slot < sum.size(); ++slot) {
    CAPTURE(slot);
    CHECK(sum[slot].import_wh == expected[index_of(quantity::active_import)][slot]);
    CHECK(sum[slot].export_wh == expected[index_of(quantity::active_export)][slot]);
    CHECK(sum[slot].reported == reported[slot]);
  }
  CHECK(sum[0].reported == 10'000);
  CHECK(sum[0].import_wh > std::int64_t{1} << 32);
  // One watt-hour of one twin is seen.
  day_load other = sum;
  other[17] -= half_hour_of(twins[4321], some_day, 17);
  const std::int64_t was = twins[4321].find(some_day, quantity::active_import)->current(17)->content.wh;
  twins[4321].restore(some_day, quantity::active_import, 17, 2, actual_of(was + 1), true);
  other[17] += half_hour_of(twins[4321], some_day, 17);
  CHECK(other[17].import_wh == sum[17].import_wh + 1);
  CHECK(other[17].export_wh == sum[17].export_wh);
}

TEST_CASE("load: AG-03 a late twin changes its half hour by what it says, and nothing else") {
  day_load sum{};
  std::array<meter_twin, 2> twins;
  const connection meter = test_connection();
  const auto arrives = [&](std::size_t who, std::uint16_t version, std::int64_t wh, quantity q) {
    const day_load before = sum;
    half_hour_load& cell = sum[9];
    cell -= half_hour_of(twins[who], some_day, 9);
    (void)twins[who].assess({q, period_at(some_day, 9), version, actual_of(wh)}, meter, {});
    cell += half_hour_of(twins[who], some_day, 9);
    half_hour_load changed = cell;
    changed -= before[9];
    for (std::size_t slot = 0; slot < sum.size(); ++slot)
      CHECK((slot == 9 || sum[slot] == before[slot]));
    return changed;
  };
  constexpr std::uint32_t one_less = 0xFFFF'FFFF;
  using enum quantity;
  CHECK(arrives(0, 1, 500, active_import) == half_hour_load{500, 0, 1, 0, 1});
  CHECK(arrives(1, 1, 300, active_import) == half_hour_load{300, 0, 1, 0, 1}); // late: the delta, a meter, a version
  CHECK(arrives(1, 1, 300, active_import) == half_hour_load{});                // again: nothing
  CHECK(arrives(1, 2, 260, active_import) == half_hour_load{-40, 0, 0, 0, 1}); // corrected
  CHECK(arrives(1, 1, 9'000, active_import) == half_hour_load{0, 0, 0, 0, one_less}); // a contradiction of what is past
  CHECK(arrives(0, 1, 70, active_export) == half_hour_load{0, 70, 0, 0, 1});          // beside the import, not off it
  CHECK(sum[9] == half_hour_load{760, 70, 2, 0, 3});
}

TEST_CASE("load: AG-03 late twins in any order leave the same totals and versions") {
  struct arrival {
    std::size_t who;
    reading what;
  };
  std::vector<arrival> arrivals;
  const auto add = [&](std::size_t who, std::uint16_t version, const content& c, quantity q) {
    arrivals.push_back({who, {q, period_at(some_day, 3), version, c}});
  };
  add(0, 1, actual_of(100), quantity::active_import);
  add(0, 1, actual_of(5), quantity::active_export);
  add(1, 1, estimate_of(40), quantity::active_import);
  add(1, 2, actual_of(44), quantity::active_import);
  add(2, 1, actual_of(7), quantity::active_import);
  add(2, 1, actual_of(8), quantity::active_import); // contradicts it
  add(2, 1, actual_of(7), quantity::active_import);
  const connection meter = test_connection();
  std::vector<std::size_t> order{0, 1, 2, 3, 4, 5, 6};
  std::size_t orders = 0;
  std::size_t wrong = 0;
  do {
    std::array<meter_twin, 3> twins;
    half_hour_load cell;
    for (const std::size_t n : order) {
      meter_twin& twin = twins[arrivals[n].who];
      cell -= half_hour_of(twin, some_day, 3);
      (void)twin.assess(arrivals[n].what, meter, {});
      cell += half_hour_of(twin, some_day, 3);
    }
    ++orders;
    wrong += cell == half_hour_load{144, 5, 2, 0, 4} ? 0 : 1;
  } while (std::next_permutation(order.begin(), order.end()));
  CHECK(orders == 5'040);
  CHECK(wrong == 0);
}
