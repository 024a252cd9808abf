#include "src/store/day_codec.hpp"

#include "src/store/bytes.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"
#include "twins/meter_day.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const utc_day some_day{20'000};

content random_content(seeded_random& random) {
  switch (random.below(6)) {
  case 0:
    return {
      random.between<std::int64_t>(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()),
      {static_cast<std::uint8_t>(random.below(quality_count))},
      {static_cast<std::uint8_t>(random.below(11)), "\0AEMRSTX"[random.below(8)]}};
  case 1:
    return random.pick(few_contents());
  default:
    return actual_of(random.between(0, 0xFFFF));
  }
}

/// A set: no two readings have the same key and content. Contradictions are many.
std::vector<stored_reading> random_day(seeded_random& random, std::uint64_t most) {
  std::set<set_key> seen;
  std::vector<stored_reading> out;
  const std::vector<std::uint32_t> twins{0, 1, 2, 3, 70'000, 0xFFFF'FFFF};
  const std::vector<std::uint16_t> versions{1, 1, 1, 1, 2, 3, 0xFFFF};
  const int slots = random.chance(1, 2) ? 48 : 3;
  for (std::uint64_t n = random.below(most); n != 0; --n) {
    stored_reading r;
    r.twin.value = random.pick(twins);
    r.day = some_day;
    r.slot = static_cast<std::uint8_t>(random.chance(1, 4) ? 47 : random.between(0, slots - 1));
    r.quantity = static_cast<quantity>(random.below(quantity_count));
    r.version = random.pick(versions);
    r.content = random_content(random);
    r.source = random.chance(1, 10) ? 0xFFFF'FFFF : static_cast<std::uint32_t>(random.below(3));
    r.line = 1 + (random.bits() >> (2 + random.below(62)));
    if (seen.insert(set_key_of(r)).second)
      out.push_back(r);
  }
  return out;
}

std::vector<set_key> sorted_keys(const std::vector<stored_reading>& readings) {
  std::vector<set_key> out;
  for (const stored_reading& r : readings)
    out.push_back(set_key_of(r));
  std::sort(out.begin(), out.end());
  return out;
}

bool decode(std::string_view bytes, std::vector<stored_reading>& out) {
  return decode_fragment(bytes, some_day, [&](const stored_reading& r) { out.push_back(r); });
}

bool in_range(const std::vector<stored_reading>& readings) {
  return std::all_of(readings.begin(), readings.end(), [](const stored_reading& r) {
    return r.slot < periods_per_day && r.content.quality.code < quality_count && index_of(r.quantity) < quantity_count
           && r.version >= 1 && r.day == some_day;
  });
}

stored_reading usual(std::uint32_t twin, std::uint8_t slot, std::int64_t wh) {
  stored_reading r;
  r.twin.value = twin;
  r.day = some_day;
  r.slot = slot;
  r.content = actual_of(wh);
  r.source = 1;
  r.line = 2;
  return r;
}

std::vector<feeder_day_load> random_loads(seeded_random& random) {
  std::vector<feeder_day_load> out(static_cast<std::size_t>(random.below(6)));
  for (auto& [id, load] : out) {
    id = random.bytes(static_cast<std::size_t>(random.below(20)));
    for (half_hour_load& cell : load)
      if (random.chance(1, 2))
        cell = {static_cast<std::int64_t>(random.bits()) >> random.below(64),
                static_cast<std::int64_t>(random.bits()) >> random.below(64), static_cast<std::uint32_t>(random.bits()),
                static_cast<std::uint32_t>(random.bits()), static_cast<std::uint32_t>(random.bits())};
  }
  return out;
}

bool same(const std::vector<feeder_day_load>& a, const std::vector<feeder_day_load>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const feeder_day_load& x, const feeder_day_load& y) {
    return x.feeder == y.feeder && x.load == y.load;
  });
}

} // namespace

TEST_CASE("day_codec: an empty fragment") {
  std::vector<stored_reading> out;
  CHECK(decode(encode_fragment({}, {}), out));
  CHECK(out.empty());
  CHECK(!decode("", out));
}

TEST_CASE("day_codec: a usual day takes two bytes a half hour, and twins with equal masks share one") {
  std::vector<stored_reading> day;
  for (std::uint32_t twin = 0; twin < 200; ++twin)
    for (std::uint8_t slot = 0; slot < 48; ++slot)
      day.push_back(usual(twin, slot, 100));
  CHECK(fragment_of(day).size() <= 200 * 48 * 2 + 32);
}

TEST_CASE("day_codec: random days come back") {
  seeded_random random(601);
  std::size_t wrong = 0;
  for (int round = 0; round < 600; ++round) {
    const std::vector<stored_reading> day = random_day(random, round % 3 == 0 ? 600 : 40);
    std::vector<stored_reading> back;
    wrong += decode(fragment_of(day), back) && sorted_keys(back) == sorted_keys(day) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("day_codec: contradicting usual readings share a half hour in one fragment") {
  const std::vector<stored_reading> day{usual(3, 7, 30), usual(3, 7, 10), usual(3, 7, 20), usual(3, 8, 20),
                                        usual(4, 7, 5)};
  CHECK(fragment_parts(day).exceptions.size() == 2);
  std::vector<stored_reading> back;
  REQUIRE(decode(fragment_of(day), back));
  meter_day held;
  for (const stored_reading& r : back)
    if (r.twin.value == 3)
      (void)held.offer(r.slot, r.version, r.content, false);
  CHECK(!held.current(7));
  CHECK(held.accepted_versions(7) == 0);
  CHECK(held.current(8)->content.wh == 20);
}

TEST_CASE("day_codec: exceptions stand in one order whatever the order they came in") {
  seeded_random random(602);
  std::size_t wrong = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<stored_reading> day = random_day(random, 100);
    std::vector<stored_reading> shuffled = day;
    random.shuffle(shuffled);
    sort_exceptions(day);
    sort_exceptions(shuffled);
    wrong += encode_fragment({}, day) == encode_fragment({}, shuffled) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("day_codec: a fragment that is cut anywhere is refused") {
  seeded_random random(603);
  for (int round = 0; round < 30; ++round) {
    const std::string fragment = fragment_of(random_day(random, 60));
    std::size_t accepted = 0;
    std::vector<stored_reading> back;
    for (std::size_t size = 0; size < fragment.size(); ++size)
      accepted += decode(std::string_view(fragment).substr(0, size), back) ? 1 : 0;
    CHECK(accepted == 0);
    CHECK(in_range(back));
    CHECK(!decode(fragment + '\0', back));
  }
}

TEST_CASE("day_codec: a flipped bit anywhere is refused or decodes to readings in range") {
  seeded_random random(604);
  std::size_t out_of_range = 0;
  std::size_t refused = 0;
  for (int round = 0; round < 40; ++round) {
    const std::string fragment = fragment_of(random_day(random, 80));
    for (std::size_t i = 0; i < fragment.size() * 8; ++i) {
      std::string damaged = fragment;
      damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << i % 8));
      std::vector<stored_reading> back;
      refused += decode(damaged, back) ? 0 : 1;
      out_of_range += in_range(back) ? 0 : 1;
    }
  }
  CHECK(out_of_range == 0);
  CHECK(refused > 0);
}

TEST_CASE("day_codec: versions begin with 1") {
  std::vector<stored_reading> back;
  for (const std::uint16_t version : {std::uint16_t{0}, std::uint16_t{1}}) {
    stored_reading r = usual(3, 7, 0x10000);
    r.version = version;
    CHECK(decode(encode_fragment({}, {&r, 1}), back) == (version == 1));
  }
}

TEST_CASE("day_codec: random bytes are refused or decode to readings in range") {
  seeded_random random(605);
  std::size_t out_of_range = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = random.bytes(static_cast<std::size_t>(random.below(60)));
    if (!bytes.empty() && random.chance(3, 4))
      bytes[0] = 2; // the format's number
    std::vector<stored_reading> back;
    (void)decode(bytes, back);
    out_of_range += in_range(back) ? 0 : 1;
    std::vector<stored_reading> section;
    (void)decode_section(bytes, section);
    std::vector<feeder_day_load> loads;
    (void)decode_loads(bytes, loads);
  }
  CHECK(out_of_range == 0);
}

TEST_CASE("day_codec: loads come back and damaged ones are refused or decode") {
  seeded_random random(606);
  std::size_t wrong = 0;
  for (int round = 0; round < 100; ++round) {
    const std::vector<feeder_day_load> loads = random_loads(random);
    const std::string bytes = encode_loads(loads);
    std::vector<feeder_day_load> back;
    wrong += decode_loads(bytes, back) && same(loads, back) ? 0 : 1;
    wrong += decode_loads(bytes + '\0', back) ? 1 : 0;
    for (std::size_t size = 0; size < bytes.size(); size += 1 + size / 8)
      wrong += decode_loads(std::string_view(bytes).substr(0, size), back) ? 1 : 0;
    for (int i = 0; i < 60; ++i) {
      std::string damaged = bytes;
      const auto at = static_cast<std::size_t>(random.below(bytes.size()));
      damaged[at] = static_cast<char>(damaged[at] ^ (1 << random.below(8)));
      (void)decode_loads(damaged, back);
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("day_codec: loads that promise more feeders than their bytes can hold are refused before room is made") {
  std::vector<feeder_day_load> back;
  CHECK(!decode_loads("\xFF\xFF\x03", back)); // 65,535
  CHECK(back.capacity() == 0);
  const std::vector<feeder_day_load> least(300, feeder_day_load{}); // two bytes each
  CHECK(decode_loads(encode_loads(least), back));
  CHECK(same(least, back));
}
