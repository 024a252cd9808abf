#include "twins/load.hpp"

#include "tests/support/naive_readings.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

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
