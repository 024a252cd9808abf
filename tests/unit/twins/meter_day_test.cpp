#include "twins/meter_day.hpp"

#include "tests/support/naive_readings.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr int some_slot = 47;

/// Few versions, few contents, so that duplicates and contradictions are many.
std::vector<offered_reading> random_offers(seeded_random& random, std::size_t most) {
  const std::vector<content> contents = few_contents();
  const std::size_t kinds = 1 + static_cast<std::size_t>(random.below(contents.size()));
  std::vector<offered_reading> out;
  for (std::uint64_t n = random.below(most) + 1; n != 0; --n)
    out.push_back({random.between<std::uint16_t>(1, 3), contents[static_cast<std::size_t>(random.below(kinds))]});
  return out;
}

naive_half_hour naive_of(const std::vector<offered_reading>& offers) {
  naive_half_hour out;
  for (const offered_reading& r : offers)
    out.add(r);
  return out;
}

/// Offers in the given order; whether the day and what it answered agree with the model.
bool holds_in_order(const std::vector<offered_reading>& offers, const naive_half_hour& expected) {
  meter_day day;
  naive_half_hour so_far;
  bool good = true;
  for (const offered_reading& r : offers) {
    const auto known = so_far.contents().find(r.version);
    const std::size_t others = known == so_far.contents().end() ? 0 : known->second.size();
    const content_key first = others == 1 ? *known->second.begin() : content_key{};
    const bool fresh = so_far.add(r);
    const auto answer = day.offer(some_slot, r.version, r.content, true);
    const verdict wanted = !fresh ? verdict::duplicate : others == 0 ? verdict::accepted : verdict::conflict;
    const bool displaces = wanted == verdict::conflict && others == 1;
    good = good && answer.verdict == wanted && answer.displaced.has_value() == displaces;
    good = good && (!displaces || (key_of(*answer.displaced) == first && answer.displaced_fresh));
  }
  return good && agrees(day, {{some_slot, expected}});
}

} // namespace

TEST_CASE("meter_day: a duplicate that was known earlier says so, once") {
  meter_day day;
  CHECK(day.offer(0, 1, actual_of(10), false, true).verdict == verdict::accepted);
  CHECK(day.offer(1, 1, actual_of(20), false, false).verdict == verdict::accepted);
  CHECK(day.offer(2, 2, estimate_of(30), false, true).verdict == verdict::accepted);
  const auto known_earlier = [&](int slot, std::uint16_t version, const content& c, bool late) {
    const auto offered = day.offer(slot, version, c, true, late);
    CHECK(offered.verdict == verdict::duplicate);
    return offered.known_earlier;
  };
  CHECK(!known_earlier(0, 1, actual_of(10), true)); // as late as what is kept
  CHECK(known_earlier(0, 1, actual_of(10), false));
  CHECK(!known_earlier(0, 1, actual_of(10), false));
  CHECK(!known_earlier(1, 1, actual_of(20), false));
  CHECK(known_earlier(2, 2, estimate_of(30), false));
  CHECK(!known_earlier(2, 2, estimate_of(30), false));
  CHECK(day.fresh_mask() == 0); // none of them is new
  CHECK(day.current(2)->content.wh == 30);
}

TEST_CASE("meter_day: an empty day has nothing") {
  const meter_day day;
  CHECK(agrees(day, {}));
  CHECK(!day.has_exceptions());
  CHECK(shown(day).empty());
}

TEST_CASE("meter_day: a usual reading is compact and a second one alike is a duplicate") {
  meter_day day;
  CHECK(day.offer(0, 1, actual_of(0), false).verdict == verdict::accepted);
  CHECK(day.offer(47, 1, actual_of(0xFFFF), true).verdict == verdict::accepted);
  CHECK(!day.has_exceptions());
  CHECK(day.plain_mask() == (std::uint64_t{1} | std::uint64_t{1} << 47));
  CHECK(day.fresh_mask() == std::uint64_t{1} << 47);
  CHECK(day.offer(47, 1, actual_of(0xFFFF), false).verdict == verdict::duplicate);
  CHECK(day.fresh_mask() == std::uint64_t{1} << 47);
  CHECK(day.offer(0, 1, actual_of(0), true).verdict == verdict::duplicate);
  CHECK(day.plain_wh()[47] == 0xFFFF);
  CHECK(day.special_mask() == 0);
}

TEST_CASE("meter_day: what is not usual is an exception") {
  for (const content& c : {actual_of(0x10000), estimate_of(5), content{5, quality_named("A1"), {}},
                           content{5, actual, {9, 'T'}}, actual_of(-1)}) {
    meter_day day;
    CHECK(!meter_day::is_plain(1, c));
    CHECK(day.offer(3, 1, c, true).verdict == verdict::accepted);
    CHECK(day.plain_mask() == 0);
    CHECK(day.special_mask() == 8);
    CHECK(day.current(3)->content == c);
  }
  CHECK(!meter_day::is_plain(2, actual_of(5)));
  CHECK(meter_day::is_plain(1, actual_of(5)));
}

TEST_CASE("meter_day: the highest version in conflict opens the half hour and a higher one closes it") {
  meter_day day;
  (void)day.offer(5, 1, actual_of(10), true);
  (void)day.offer(5, 2, actual_of(20), true);
  CHECK(day.current(5)->content.wh == 20);
  CHECK(day.accepted_versions(5) == 2);
  const auto contradiction = day.offer(5, 2, estimate_of(20), true);
  CHECK(contradiction.verdict == verdict::conflict);
  CHECK(contradiction.displaced == actual_of(20));
  CHECK(contradiction.displaced_fresh);
  CHECK(!day.current(5));
  CHECK(day.current_mask() == 0);
  CHECK(day.occupied_mask() == 32);
  CHECK(day.accepted_versions(5) == 1);
  const auto third = day.offer(5, 2, actual_of(21), true);
  CHECK(third.verdict == verdict::conflict);
  CHECK(!third.displaced);
  CHECK(day.offer(5, 3, actual_of(30), true).verdict == verdict::accepted);
  CHECK(day.current(5)->version == 3);
  CHECK(day.accepted_versions(5) == 2);
  // A contradiction below the highest changes nothing that is current.
  CHECK(day.offer(5, 1, actual_of(11), true).verdict == verdict::conflict);
  CHECK(day.current(5)->content.wh == 30);
  CHECK(day.accepted_versions(5) == 1);
}

TEST_CASE("meter_day: what an earlier run accepted is displaced but not counted again") {
  meter_day day;
  (void)day.offer(5, 1, actual_of(10), false);
  const auto contradiction = day.offer(5, 1, actual_of(11), true);
  CHECK(contradiction.displaced == actual_of(10));
  CHECK(!contradiction.displaced_fresh);
  meter_day other;
  (void)other.offer(5, 1, estimate_of(10), false);
  const auto answer = other.offer(5, 1, actual_of(11), true);
  CHECK(answer.displaced == estimate_of(10));
  CHECK(!answer.displaced_fresh);
}

TEST_CASE("meter_day: the highest version there is") {
  meter_day day;
  CHECK(day.offer(5, 0xFFFF, actual_of(1), true).verdict == verdict::accepted);
  CHECK(day.offer(5, 0xFFFE, actual_of(2), true).verdict == verdict::accepted);
  CHECK(day.current(5)->version == 0xFFFF);
  CHECK(day.offer(5, 0xFFFF, actual_of(2), true).verdict == verdict::conflict);
  CHECK(!day.current(5));
}

TEST_CASE("meter_day: SR-05 every order of a half hour's readings comes to the same state") {
  seeded_random random(101);
  std::size_t wrong = 0;
  for (int round = 0; round < 1500; ++round) {
    const std::vector<offered_reading> offers = random_offers(random, 5);
    const naive_half_hour expected = naive_of(offers);
    std::vector<std::size_t> order(offers.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    do {
      std::vector<offered_reading> permuted;
      for (const std::size_t i : order)
        permuted.push_back(offers[i]);
      wrong += holds_in_order(permuted, expected) ? 0 : 1;
    } while (std::next_permutation(order.begin(), order.end()));
  }
  CHECK(wrong == 0);
}

TEST_CASE("meter_day: shuffles of many readings of a half hour come to the same state") {
  seeded_random random(102);
  std::size_t wrong = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<offered_reading> offers = random_offers(random, 30);
    const naive_half_hour expected = naive_of(offers);
    for (int i = 0; i < 5; ++i) {
      random.shuffle(offers);
      wrong += holds_in_order(offers, expected) ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("meter_day: half hours do not touch each other") {
  seeded_random random(103);
  std::size_t wrong = 0;
  for (int round = 0; round < 300; ++round) {
    meter_day day;
    naive_day expected;
    std::vector<std::pair<int, offered_reading>> offers;
    for (int slot = 0; slot < periods_per_day; ++slot)
      if (random.chance(2, 3))
        for (const offered_reading& r : random_offers(random, 4))
          offers.emplace_back(slot, r);
    random.shuffle(offers);
    for (const auto& [slot, r] : offers) {
      (void)day.offer(slot, r.version, r.content, random.chance(1, 2));
      expected[slot].add(r);
    }
    wrong += agrees(day, expected) ? 0 : 1;
    const meter_day moved = std::move(day);
    wrong += agrees(moved, expected) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("meter_day: what came with the run under way is told apart whatever its form") {
  seeded_random random(104);
  std::size_t wrong = 0;
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::pair<offered_reading, bool>> offers;
    for (const offered_reading& r : random_offers(random, 12))
      offers.emplace_back(r, random.chance(1, 2));
    meter_day day;
    std::vector<shown_reading> expected;
    naive_half_hour known;
    for (const auto& [r, fresh] : offers) {
      (void)day.offer(some_slot, r.version, r.content, fresh);
      if (known.add(r))
        expected.emplace_back(some_slot, r.version, key_of(r.content), fresh);
    }
    std::sort(expected.begin(), expected.end());
    wrong += shown(day) == expected ? 0 : 1;
  }
  CHECK(wrong == 0);
}
