#include "twins/meter_twin.hpp"

#include "tests/support/naive_readings.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const utc_day some_day{20'000};

reading reading_of(utc_day day, int slot, std::uint16_t version, const content& c,
                   quantity q = quantity::active_import) {
  return {q, period_at(day, slot), version, c};
}

using naive_twin = std::map<std::pair<std::int32_t, quantity>, naive_day>;

bool agrees(const meter_twin& twin, const naive_twin& expected) {
  bool good = twin.days().size() == expected.size();
  auto held = twin.days().begin();
  for (const auto& [key, day] : expected) {
    const auto& [number, q] = key;
    const meter_day* const found = twin.find({number}, q);
    good = good && found != nullptr && testing::agrees(*found, day);
    // Days stand sorted by day and quantity.
    good = good && held->day == utc_day{number} && held->quantity == q && &held->readings == found;
    if (!good)
      return false;
    ++held;
  }
  return good;
}

std::vector<reading> random_readings(seeded_random& random, std::size_t count) {
  const std::vector<content> contents = few_contents();
  std::vector<reading> out;
  for (std::size_t i = 0; i < count; ++i)
    out.push_back(reading_of({some_day.number + random.between(-2, 2)}, random.between(0, 4) * 11,
                             random.between<std::uint16_t>(1, 3), random.pick(contents),
                             static_cast<quantity>(random.below(quantity_count))));
  return out;
}

} // namespace

TEST_CASE("meter_twin: readings of days and quantities in any order come to the same twin") {
  seeded_random random(201);
  const connection meter = test_connection();
  std::size_t wrong = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<reading> readings = random_readings(random, 1 + static_cast<std::size_t>(random.below(60)));
    naive_twin expected;
    std::uint32_t kept = 0;
    for (const reading& r : readings)
      kept += expected[{r.period.day().number, r.quantity}][r.period.slot()].add(
                {static_cast<std::uint16_t>(r.version), r.content})
                ? 1U
                : 0U;
    for (int i = 0; i < 4; ++i) {
      random.shuffle(readings);
      meter_twin twin;
      std::map<verdict, std::size_t> given;
      for (const reading& r : readings)
        ++given[twin.assess(r, meter, {}).verdict];
      const bool good = agrees(twin, expected) && given[verdict::accepted] + given[verdict::conflict] == kept
                        && given[verdict::duplicate] == readings.size() - kept;
      wrong += good ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("meter_twin: the short way of usual readings comes to the same twin") {
  seeded_random random(203);
  connection meter = test_connection();
  meter.type = connection_type::whole_current;
  REQUIRE(is_usual_meter(meter, {}));
  std::size_t wrong = 0;
  std::size_t short_way = 0;
  for (int round = 0; round < 400; ++round) {
    meter_twin by_rules;
    meter_twin usual;
    for (int n = 0; n < 40; ++n) {
      reading r = reading_of({some_day.number + (random.chance(1, 30) ? 1 : 0)}, random.between(0, 47), 1,
                             actual_of(random.between(0, 70'000)));
      if (random.chance(1, 20))
        r = random_readings(random, 1).front();
      const assessment expected = by_rules.assess(r, meter, {});
      const bool could = r.quantity == quantity::active_import && r.version == 1 && usual_content_stands(r.content, {});
      if (could && usual.record_usual(r.period.day(), r.period.slot(), r.content.wh)) {
        ++short_way;
        wrong += expected.verdict == verdict::accepted ? 0 : 1;
      } else {
        wrong += usual.assess(r, meter, {}).verdict == expected.verdict ? 0 : 1;
      }
    }
    REQUIRE(by_rules.days().size() == usual.days().size());
    auto held = usual.days().begin();
    for (const open_day& day : by_rules.days()) {
      const bool same = held->day == day.day && held->quantity == day.quantity;
      wrong += same && shown(held->readings) == shown(day.readings) ? 0 : 1;
      ++held;
    }
  }
  CHECK(short_way > 500);
  CHECK(wrong == 0);
}

TEST_CASE("meter_twin: what the rules refuse leaves the set as it was") {
  connection meter = test_connection();
  meter.effective = {period_at(some_day, 0).number, period_at(some_day, 47).number + 1};
  rule_limits limits;
  limits.as_of_s = period_at(some_day, 40).end_s();
  meter_twin twin;
  const std::vector<std::pair<reading, verdict>> refused{
    {reading_of(some_day, 1, 1, actual_of(-1)), verdict::negative},
    {reading_of(some_day, 1, 1, actual_of(1'000'001)), verdict::over_maximum},
    {reading_of(some_day, 1, 1, estimate_of(1, "ZE")), verdict::zero_estimate_not_zero},
    {reading_of(some_day, 1, 1, estimate_of(1, "E1", 0)), verdict::reason_missing},
    {reading_of(some_day, 1, 1, {1, actual, {9, 0}}), verdict::amendment_reason_missing},
    {reading_of({some_day.number + 1}, 0, 1, actual_of(1)), verdict::not_appointed},
    {reading_of({some_day.number - 1}, 47, 1, actual_of(1)), verdict::not_appointed},
    {reading_of(some_day, 41, 1, actual_of(1)), verdict::future}};
  for (const auto& [r, expected] : refused) {
    const assessment a = twin.assess(r, meter, limits);
    CHECK(a.verdict == expected);
    CHECK(!a.changes_state());
    CHECK(!a.withdraws);
  }
  CHECK(twin.days().empty());
  CHECK(twin.assess(reading_of(some_day, 1, 1, actual_of(7)), meter, limits).verdict == verdict::accepted);
  const auto before = shown(*twin.find(some_day, quantity::active_import));
  for (const auto& [r, expected] : refused)
    CHECK(twin.assess(r, meter, limits).verdict == expected);
  CHECK(shown(*twin.find(some_day, quantity::active_import)) == before);
  CHECK(twin.days().size() == 1);
}

TEST_CASE("meter_twin: a day that was released and restored goes on as if it had stayed") {
  seeded_random random(202);
  const connection meter = test_connection();
  std::size_t wrong = 0;
  for (int round = 0; round < 200; ++round) {
    const std::vector<reading> readings = random_readings(random, 40);
    meter_twin stayed;
    meter_twin came_back;
    for (const reading& r : readings) {
      if (random.chance(1, 4)) {
        // Through the store: what the day holds is written down and forgotten, and read again in another order.
        const utc_day day = r.period.day();
        std::vector<std::pair<quantity, shown_reading>> stored;
        for (const auto& held : came_back.days())
          if (held.day == day)
            for (const shown_reading& s : shown(held.readings))
              stored.emplace_back(held.quantity, s);
        const std::size_t quantities = came_back.release(day);
        for (const quantity q : quantities_by_name) {
          wrong += came_back.find(day, q) == nullptr ? 0 : 1;
          wrong += quantities <= quantity_count ? 0 : 1;
        }
        random.shuffle(stored);
        for (const auto& [q, s] : stored) {
          const auto& [slot, version, key, fresh] = s;
          const auto& [wh, code, estimation, amendment] = key;
          came_back.restore(day, q, slot, version, {wh, {code}, {estimation, amendment}}, fresh);
        }
      }
      const assessment a = stayed.assess(r, meter, {});
      const assessment b = came_back.assess(r, meter, {});
      wrong += a.verdict == b.verdict && a.withdraws == b.withdraws && a.withdrawn_wh == b.withdrawn_wh ? 0 : 1;
    }
    wrong += stayed.days().size() == came_back.days().size() ? 0 : 1;
    for (const auto& held : stayed.days()) {
      const meter_day* const found = came_back.find(held.day, held.quantity);
      wrong += found != nullptr && shown(*found) == shown(held.readings) ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("meter_twin: release forgets all quantities of one day") {
  meter_twin twin;
  twin.restore(some_day, quantity::active_import, 0, 1, actual_of(1), false);
  twin.restore(some_day, quantity::active_export, 0, 1, actual_of(2), false);
  twin.restore({some_day.number + 1}, quantity::active_import, 0, 1, actual_of(3), false);
  CHECK(twin.find(some_day, quantity::reactive_import) == nullptr);
  CHECK(twin.holds(some_day));
  CHECK(!twin.holds({some_day.number - 1}));
  CHECK(twin.release({some_day.number - 1}) == 0);
  CHECK(twin.release(some_day) == 2);
  CHECK(!twin.holds(some_day));
  CHECK(twin.holds({some_day.number + 1}));
  CHECK(twin.find(some_day, quantity::active_import) == nullptr);
  CHECK(twin.find({some_day.number + 1}, quantity::active_import)->current(0)->content.wh == 3);
  CHECK(twin.release({some_day.number + 1}) == 1);
  CHECK(twin.days().empty());
  CHECK(twin.release(some_day) == 0);
  twin.restore(some_day, quantity::active_import, 0, 1, actual_of(1), false);
  twin.restore(some_day, quantity::active_export, 0, 1, actual_of(2), false);
  CHECK(twin.release_all() == 2);
  CHECK(twin.release_all() == 0);
  CHECK(twin.days().empty());
}

TEST_CASE("meter_twin: a day's import stands alone where no other quantity of that day is held") {
  seeded_random random(204);
  std::size_t wrong = 0;
  std::size_t alone = 0;
  for (int round = 0; round < 500; ++round) {
    meter_twin twin;
    std::map<std::int32_t, std::set<quantity>> held;
    for (std::uint64_t n = random.below(8); n != 0; --n) {
      const utc_day day{some_day.number + random.between(0, 3)};
      const auto q =
        random.chance(2, 3) ? quantity::active_import : static_cast<quantity>(random.below(quantity_count));
      twin.restore(day, q, 5, 1, actual_of(1), true);
      held[day.number].insert(q);
    }
    for (std::int32_t day = some_day.number - 1; day < some_day.number + 5; ++day) {
      const bool expected = held[day] == std::set{quantity::active_import};
      const meter_day* const found = twin.days().lone_import({day});
      alone += expected ? 1 : 0;
      wrong += found == (expected ? twin.find({day}, quantity::active_import) : nullptr) ? 0 : 1;
    }
  }
  CHECK(alone > 200);
  CHECK(wrong == 0);
}

TEST_CASE("meter_twin: the last half hour of a day ends at midnight of the next") {
  const connection meter = test_connection();
  meter_twin twin;
  const auto midnight = parse_instant("2026-03-30T00:00Z");
  const period p{static_cast<std::int32_t>(*midnight / seconds_per_period)};
  CHECK(twin.assess({quantity::active_import, p, 1, actual_of(9)}, meter, {}).verdict == verdict::accepted);
  const utc_day day{days_from_civil({2026, 3, 29})};
  REQUIRE(twin.find(day, quantity::active_import) != nullptr);
  CHECK(twin.find(day, quantity::active_import)->current(47)->content.wh == 9);
}
