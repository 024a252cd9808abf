#include "src/store/commit.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

std::vector<stored_reading> random_batch(seeded_random& random) {
  const std::vector<content> contents = few_contents();
  std::set<set_key> seen;
  std::vector<stored_reading> out;
  for (std::uint64_t n = 1 + random.below(200); n != 0; --n) {
    stored_reading r;
    r.twin.value = static_cast<std::uint32_t>(random.below(5));
    r.day.number = random.between(-3, 3);
    r.slot = static_cast<std::uint8_t>(random.below(48));
    r.quantity = static_cast<quantity>(random.below(quantity_count));
    r.version = random.between<std::uint16_t>(1, 2);
    r.content = random.pick(contents);
    r.source = static_cast<std::uint32_t>(random.below(3));
    r.line = 1 + random.below(1'000'000);
    if (seen.insert(set_key_of(r)).second)
      out.push_back(r);
  }
  sort_for_storage(out);
  return out;
}

} // namespace

TEST_CASE("commit: a section brings the readings of several days back with their lineage") {
  seeded_random random(701);
  std::size_t wrong = 0;
  for (int round = 0; round < 200; ++round) {
    const std::vector<stored_reading> batch = random_batch(random);
    const std::string bytes = encode_section(by_day(batch));
    std::vector<stored_reading> back{stored_reading{}}; // what is there stays
    bool good = decode_section(bytes, back) && back.size() == batch.size() + 1;
    for (std::size_t i = 0; good && i < batch.size(); ++i)
      good = testing::key_of(back[i + 1]) == testing::key_of(batch[i])
             && lineage_key_of(back[i + 1]) == lineage_key_of(batch[i]);
    wrong += good ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("commit: a section that is cut is refused and one with a flipped bit is no harm") {
  seeded_random random(702);
  const std::string bytes = encode_section(by_day(random_batch(random)));
  std::vector<stored_reading> back;
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size)
    accepted += decode_section(std::string_view(bytes).substr(0, size), back) ? 1 : 0;
  CHECK(accepted == 0);
  CHECK(!decode_section(bytes + '\0', back));
  std::size_t refused = 0;
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string damaged = bytes;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << i % 8));
    back.clear();
    refused += decode_section(damaged, back) ? 0 : 1;
  }
  CHECK(refused > 0);
  CHECK(decode_section(encode_section({}), back));
}

TEST_CASE("commit: keys of days ascend by day and then by transformer") {
  CHECK(day_key({1}, {0}) > day_key({0}, {0xFFFF'FFFF}));
  CHECK(day_key({0}, {0}) > day_key({-1}, {0xFFFF'FFFF}));
  CHECK(day_key({5}, {7}) < day_key({5}, {8}));
  for (const std::int32_t day : {-100'000, -1, 0, 1, 84'005})
    for (const std::uint32_t t : {0U, 1U, 0xFFFF'FFFFU}) {
      const std::int64_t key = day_key({day}, {t});
      CHECK((key >> 32) == day);
      CHECK(static_cast<std::uint32_t>(key) == t);
    }
}
