#include "src/store/journal_section.hpp"

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
  return out;
}

} // namespace

TEST_CASE("journal_section: readings of several days come back in order, with source and line") {
  seeded_random random(701);
  std::size_t wrong = 0;
  for (int round = 0; round < 200; ++round) {
    const std::vector<stored_reading> batch = random_batch(random);
    std::vector<stored_reading> back{stored_reading{}}; // what is there stays
    bool good = decode_section(section_of(batch), back) && back.size() == batch.size() + 1;
    for (std::size_t i = 0; good && i < batch.size(); ++i)
      good = lineage_key_of(back[i + 1]) == lineage_key_of(batch[i]);
    wrong += good ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("journal_section: a file in order takes little more than its values") {
  std::vector<stored_reading> batch;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    stored_reading r;
    r.twin.value = i / 48;
    r.slot = static_cast<std::uint8_t>(i % 48);
    r.content = actual_of(i);
    r.source = 3;
    r.line = 2 + i;
    batch.push_back(r);
  }
  CHECK(section_of(batch).size() <= 2 * 1000 + 8 * 21 + 32);
}

TEST_CASE("journal_section: one that is cut is refused and one with a flipped bit is no harm") {
  seeded_random random(702);
  const std::string bytes = section_of(random_batch(random));
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
  CHECK(decode_section(section_of({}), back));
}
