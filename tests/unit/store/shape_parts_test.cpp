#include "src/store/shape_parts.hpp"

#include "tests/support/naive_readings.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <tuple>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const utc_day some_day{20'000};

bool same(const kept_shapes& a, const kept_shapes& b) {
  return std::tie(a.basis, a.known_by_s, a.parts) == std::tie(b.basis, b.known_by_s, b.parts);
}

kept_shapes random_shapes(seeded_random& random) {
  kept_shapes out;
  out.basis = {static_cast<std::uint32_t>(random.bits()), random.bits()};
  out.known_by_s = random.between<std::int64_t>(-1'000'000'000'000, 1'000'000'000'000);
  const char gsp_group = random.pick(std::vector<char>{'A', 'C', 'P'});
  for (int kind = 0; kind < 0x100; ++kind) {
    const auto category = category_of(gsp_group, static_cast<std::uint8_t>(kind));
    if (!category || random.chance(9, 10))
      continue;
    shape_day day;
    const bool steady = random.chance(1, 2);
    for (shape_half_hour& half_hour : day.half_hours) {
      half_hour.actuals = steady ? 100 : static_cast<std::uint32_t>(random.below(random.chance(1, 4) ? 1 : 0x1'0000));
      half_hour.sum_wh = static_cast<std::int64_t>(random.below(1 + half_hour.actuals * std::uint64_t{1'000'000}));
    }
    day.half_hours[static_cast<std::size_t>(random.below(48))] = {0, 1};
    out.parts.emplace_back(*category, day);
  }
  return out;
}

/// Meters 1 to 6 of one transformer, with slots in no particular order.
struct some_twins {
  estate of =
    make_estate({{"T1", "F1", 1}, {"T1", "F1", 2}, {"T1", "F1", 3}, {"T1", "F2", 4}, {"T1", "F2", 5}, {"T1", "F2", 6}});
  std::vector<meter_twin> twins;
  std::vector<const meter_twin*> views;
  std::vector<twin_slot> slots{{7}, {0}, {3}, {70'000}, {1}, {2}};

  some_twins() {
    of.connections[1].type = connection_type::whole_current;
    of.connections[2].segment = market_segment::advanced;
    of.connections[3].domestic = false;
    twins.resize(of.connections.size());
    for (const meter_twin& twin : twins)
      views.push_back(&twin);
  }
  shape_sorter sorter() const { return {of, {0}, slots}; }
  shape_parts parts() const { return sorter().parts_of({{0}, of.connections, views, slots}, some_day); }
  shape_category category(std::size_t place, quantity q = quantity::active_import) const {
    const connection& c = of.connections[place];
    return {of.transformers[0].gsp_group, c.type, c.segment, c.domestic, q};
  }
};

} // namespace

TEST_CASE("shape_parts: each category but its GSP group has a number of its own") {
  std::map<std::uint8_t, shape_category> seen;
  for (const auto type : {connection_type::whole_current, connection_type::low_voltage, connection_type::high_voltage,
                          connection_type::extra_high, connection_type::unmetered})
    for (const auto segment : {market_segment::smart, market_segment::advanced, market_segment::unmetered})
      for (const bool domestic : {false, true})
        for (const quantity q : quantities_by_name) {
          const shape_category c{'G', type, segment, domestic, q};
          CHECK(seen.emplace(kind_of(c), c).second);
          CHECK(category_of('G', kind_of(c)) == c);
        }
  CHECK(seen.size() == 120);
  for (int kind = 0; kind < 0x100; ++kind)
    CHECK(category_of('G', static_cast<std::uint8_t>(kind)).has_value() == (kind < 120));
  // In the order of categories, so that parts are kept ascending.
  for (std::uint8_t kind = 1; kind < 120; ++kind)
    CHECK(seen.at(static_cast<std::uint8_t>(kind - 1)) < seen.at(kind));
  CHECK(!category_of('@', 0));
  CHECK(!category_of('Q', 0));
}

TEST_CASE("shape_parts: what is kept comes back") {
  seeded_random random(4301);
  for (int round = 0; round < 200; ++round) {
    const kept_shapes shapes = random_shapes(random);
    kept_shapes back = random_shapes(random);
    REQUIRE(decode_shapes(encode_shapes(shapes, some_day), some_day, back));
    CHECK(same(back, shapes));
  }
  kept_shapes extreme;
  extreme.basis = {0xFFFF'FFFF, ~std::uint64_t{0}};
  extreme.known_by_s = std::numeric_limits<std::int64_t>::min();
  extreme.parts.emplace_back(shape_category{}, shape_day{});
  for (shape_half_hour& half_hour : extreme.parts[0].second.half_hours)
    half_hour = {largest_shape_wh * 9'000'000, 9'000'000};
  kept_shapes back;
  REQUIRE(decode_shapes(encode_shapes(extreme, some_day), some_day, back));
  CHECK(same(back, extreme));
  const kept_shapes none{{3, 4}, 5, {}};
  REQUIRE(decode_shapes(encode_shapes(none, some_day), some_day, back));
  CHECK(same(back, none));
}

TEST_CASE("shape_parts: a usual day of a hundred meters takes little more than its sums") {
  kept_shapes shapes{{100, 0x1234'5678'9ABC'DEF0}, period_at(some_day, 47).end_s(), {}};
  shape_day day;
  for (std::size_t slot = 0; slot < day.half_hours.size(); ++slot)
    day.half_hours[slot] = {25'000 + static_cast<std::int64_t>(slot % 7) * 400, 100};
  shapes.parts.emplace_back(shape_category{}, day);
  CHECK(encode_shapes(shapes, some_day).size() < 48 * 2 + 20);
}

TEST_CASE("shape_parts: what is damaged is refused or decodes to what can be") {
  seeded_random random(4302);
  kept_shapes back;
  for (int round = 0; round < 10; ++round) {
    const std::string bytes = encode_shapes(random_shapes(random), some_day);
    int good_cuts = 0;
    for (std::size_t size = 0; size < bytes.size(); ++size)
      good_cuts += decode_shapes(std::string_view(bytes).substr(0, size), some_day, back) ? 1 : 0;
    CHECK(good_cuts <= 30); // between two parts, which have no count
    for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
      std::string damaged = bytes;
      damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << i % 8));
      bool possible = true;
      if (decode_shapes(damaged, some_day, back))
        for (const auto& [category, day] : back.parts)
          for (const shape_half_hour& half_hour : day.half_hours)
            possible = possible && half_hour.sum_wh >= 0 && (half_hour.actuals != 0 || half_hour.sum_wh == 0);
      CHECK(possible);
    }
  }
  std::string other = encode_shapes({}, some_day);
  other[0] = 2; // a format to come
  CHECK(!decode_shapes(other, some_day, back));
  CHECK(!decode_shapes("", some_day, back));
}

TEST_CASE("shape_parts: ES-02 only what stands and is actual is summed, by the plainest rule") {
  seeded_random random(4303);
  const std::vector<content> contents = few_contents();
  for (int round = 0; round < 60; ++round) {
    some_twins t;
    std::map<std::tuple<std::size_t, quantity, int>, naive_half_hour> naive;
    const auto add = [&](std::size_t place, quantity q, int slot, std::uint16_t version, const content& c) {
      t.twins[place].restore(some_day, q, slot, version, c, random.chance(1, 2));
      naive[{place, q, slot}].add({version, c});
    };
    for (std::size_t place = 0; place < t.twins.size(); ++place)
      if (random.chance(1, 2)) // a usual day
        for (int slot = 0; slot < periods_per_day; ++slot)
          add(place, quantity::active_import, slot, 1, actual_of(random.between(0, 0xFFFF)));
    for (std::uint64_t n = random.below(200); n != 0; --n)
      add(random.below(t.twins.size()), static_cast<quantity>(random.below(quantity_count)), random.between(0, 47),
          random.between<std::uint16_t>(1, 2), random.pick(contents));
    std::map<shape_category, shape_day> expected;
    for (const auto& [key, half_hour] : naive) {
      const auto& [place, q, slot] = key;
      const auto now = half_hour.current();
      if (!now || name_of(now->content.quality)[0] != 'A')
        continue;
      shape_half_hour& cell = expected[t.category(place, q)].half_hours[static_cast<std::size_t>(slot)];
      cell.sum_wh += now->content.wh;
      ++cell.actuals;
    }
    CHECK(t.parts() == shape_parts(expected.begin(), expected.end()));
    kept_shapes back;
    REQUIRE(decode_shapes(encode_shapes({{}, 0, t.parts()}, some_day), some_day, back));
    CHECK(back.parts == t.parts());
  }
}

TEST_CASE("shape_parts: ES-03 each part of the category splits it") {
  some_twins t;
  for (std::size_t place = 0; place < t.twins.size(); ++place)
    t.twins[place].restore(some_day, quantity::active_import, 0, 1, actual_of(1 << place), false);
  t.twins[0].restore(some_day, quantity::active_export, 0, 1, actual_of(64), false);
  const shape_parts parts = t.parts();
  const std::map<shape_category, shape_day> found(parts.begin(), parts.end());
  REQUIRE(found.size() == 5);
  const auto at = [&](const shape_category& c) { return found.at(c).half_hours[0]; };
  CHECK(at(t.category(0)) == shape_half_hour{1 + 16 + 32, 3}); // meters 1, 5 and 6 are alike
  CHECK(at(t.category(1)) == shape_half_hour{2, 1});           // another type
  CHECK(at(t.category(2)) == shape_half_hour{4, 1});           // another segment
  CHECK(at(t.category(3)) == shape_half_hour{8, 1});           // not domestic
  CHECK(at(t.category(0, quantity::active_export)) == shape_half_hour{64, 1});
}

TEST_CASE("shape_parts: more meters of one category than sums of 32 bits hold are summed all the same") {
  constexpr std::uint32_t meters = 70'000;
  estate e = make_estate({{"T1", "F1", 1}});
  e.connections.resize(meters, e.connections[0]);
  meter_twin full;
  for (int slot = 0; slot < periods_per_day; ++slot)
    full.restore(some_day, quantity::active_import, slot, 1, actual_of(0xFFFF), false);
  const std::vector<const meter_twin*> views(meters, &full);
  std::vector<twin_slot> slots;
  for (std::uint32_t i = 0; i < meters; ++i)
    slots.push_back({i});
  const shape_parts parts = shape_sorter(e, {0}, slots).parts_of({{0}, e.connections, views, slots}, some_day);
  REQUIRE(parts.size() == 1);
  for (const shape_half_hour& half_hour : parts[0].second.half_hours)
    CHECK(half_hour == shape_half_hour{std::int64_t{0xFFFF} * meters, meters});
}

TEST_CASE("shape_parts: a basis is of the categories of its slots, and of nothing else") {
  const some_twins t;
  const category_basis all = t.sorter().basis_of(70'001);
  CHECK(all.slots == 70'001);
  const auto changed = [&](const auto& change, std::uint32_t slots = 70'001) {
    some_twins other;
    change(other.of);
    return other.sorter().basis_of(slots) != t.sorter().basis_of(slots);
  };
  CHECK(!changed([](estate&) {}));
  CHECK(changed([](estate& e) { e.transformers[0].gsp_group = 'H'; }));
  for (std::size_t place = 0; place < 6; ++place) {
    CAPTURE(place);
    CHECK(changed([&](estate& e) { e.connections[place].type = connection_type::high_voltage; }));
    CHECK(changed([&](estate& e) { e.connections[place].segment = market_segment::unmetered; }));
    CHECK(changed([&](estate& e) { e.connections[place].domestic = !e.connections[place].domestic; }));
    CHECK(!changed([&](estate& e) { e.connections[place].effective.end = 5; }));
    CHECK(!changed([&](estate& e) { e.connections[place].supplier_mpid = {'A', 'B', 'C', 'D'}; }));
    CHECK(!changed([&](estate& e) { e.connections[place].energised = false; }));
    // Only the slots that were asked for: those of places 1, 4 and 5 are below 3.
    CHECK(changed([&](estate& e) { e.connections[place].domestic = !e.connections[place].domestic; }, 3)
          == (place == 1 || place >= 4));
  }
  CHECK(t.sorter().basis_of(3) != t.sorter().basis_of(4));
  // Two slots that change places, of different categories.
  some_twins swapped;
  std::swap(swapped.slots[1], swapped.slots[2]);
  CHECK(swapped.sorter().basis_of(70'001) != all);
  std::swap(swapped.slots[1], swapped.slots[2]);
  std::swap(swapped.slots[4], swapped.slots[5]); // of one
  CHECK(swapped.sorter().basis_of(70'001) == all);
}

TEST_CASE("shape_parts: known by the last of what is held, or by the instant that was said") {
  some_twins t;
  CHECK(!known_by(t.views, some_day, {}));
  t.twins[0].restore(some_day, quantity::active_import, 3, 1, actual_of(1), false);
  CHECK(known_by(t.views, some_day, {}) == period_at(some_day, 3).end_s());
  t.twins[4].restore(some_day, quantity::reactive_export, 40, 2, estimate_of(1), false);
  CHECK(known_by(t.views, some_day, {}) == period_at(some_day, 40).end_s());
  t.twins[4].restore({some_day.number + 1}, quantity::active_import, 47, 1, actual_of(1), false);
  CHECK(known_by(t.views, some_day, {}) == period_at(some_day, 40).end_s());
  CHECK(known_by(t.views, some_day, {123}) == 123);
}
