#include "src/store/fragment_builder.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

TEST_CASE("fragment_builder: readings in any order come back, contradicting and repeated ones too") {
  seeded_random random(3001);
  constexpr utc_day day{20'000};
  const std::vector<content> contents = few_contents();
  std::vector<stored_reading> readings;
  for (int i = 0; i < 400; ++i) {
    stored_reading r;
    r.twin.value = static_cast<std::uint32_t>(random.below(5));
    r.day = day;
    r.slot = static_cast<std::uint8_t>(random.below(periods_per_day));
    r.quantity = random.chance(1, 3) ? quantity::active_export : quantity::active_import;
    r.version = static_cast<std::uint16_t>(1 + random.below(2));
    r.content = contents[random.below(contents.size())];
    readings.push_back(r);
  }
  fragment_builder builder;
  CHECK(builder.empty());
  std::multiset<set_key> expected;
  for (const stored_reading& r : readings) {
    builder.add(r);
    expected.insert(set_key_of(r));
  }
  CHECK(!builder.empty());
  const std::string encoded = builder.encode();
  CHECK(encoded == fragment_of(readings));
  std::multiset<set_key> found;
  REQUIRE(decode_fragment(encoded, day, [&](const stored_reading& r) { found.insert(set_key_of(r)); }));
  CHECK(found == expected);
}
