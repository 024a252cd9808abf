#include "src/settled_days/estimate_index.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/test_readings.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

/// By key: of some of ten meters, quantities and half hours.
std::vector<recorded_estimate> some_estimates(seeded_random& random) {
  std::vector<recorded_estimate> out;
  for (std::uint64_t meter = 1; meter <= 10; ++meter)
    for (std::uint8_t q = 0; q < quantity_count && !random.chance(1, 3); ++q)
      for (std::int32_t p = 0; p < 48; ++p)
        if (random.chance(1, 4))
          out.push_back({test_mpan(meter),
                         static_cast<quantity>(q),
                         {900'000 + p},
                         estimate_of(random.between(0, 70'000), "E1", 2),
                         estimation_method::own_history});
  return out;
}

} // namespace

TEST_CASE("estimate_index: of each meter what a run put for it, whatever stands before and behind it") {
  seeded_random random(7301);
  for (int round = 0; round < 50; ++round) {
    const std::vector<recorded_estimate> all = some_estimates(random);
    const auto index = estimate_index::over(encode_estimates(all));
    REQUIRE(index);
    for (std::uint64_t meter = 0; meter <= 11; ++meter) {
      std::vector<recorded_estimate> expected;
      std::copy_if(all.begin(), all.end(), std::back_inserter(expected),
                   [&](const recorded_estimate& e) { return e.mpan == test_mpan(meter); });
      std::vector<recorded_estimate> found;
      index->append_of(test_mpan(meter), found);
      CHECK(found == expected);
    }
  }
}

TEST_CASE("estimate_index: damaged bytes and estimates out of order are refused, as where all are decoded") {
  seeded_random random(7302);
  const std::vector<recorded_estimate> all = some_estimates(random);
  REQUIRE(all.size() > 20);
  const std::string bytes = encode_estimates(all);
  int refused = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string damaged = bytes.substr(0, bytes.size() - random.below(20));
    damaged[random.below(damaged.size())] = static_cast<char>(random.below(256));
    std::vector<recorded_estimate> decoded;
    const bool good = decode_estimates(damaged, decoded);
    CHECK(estimate_index::over(damaged).has_value() == good);
    refused += good ? 0 : 1;
  }
  CHECK(refused > 100);
  CHECK(!estimate_index::over(""));
}
