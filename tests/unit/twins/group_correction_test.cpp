#include "twins/group_correction.hpp"

#include "tests/support/seeded_random.hpp"
#include "twins/energy.hpp"

#include <doctest/doctest.h>

#include <numeric>
#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr std::int64_t mwh = 1'000'000; // Wh

std::string in_mwh(std::int64_t wh) { return format_ratio(static_cast<uint128>(wh), 1'000'000, 6); }

std::int64_t sum_of(const group_correction& c) {
  return std::accumulate(c.corrected_wh.begin(), c.corrected_wh.end(), std::int64_t{0});
}

} // namespace

TEST_CASE("group_correction: AG-10 both weights 1, worked by hand") {
  // Domain notes, 8: take 1000, volumes 600 and 300.
  const std::vector<weighted_volume> volumes{{600 * mwh, 100}, {300 * mwh, 100}};
  const auto c = correct_to_take(1000 * mwh, volumes);
  REQUIRE(c);
  CHECK(format_factor(*c) == "1.111111111");
  REQUIRE(c->corrected_wh.size() == 2);
  CHECK(in_mwh(c->corrected_wh[0]) == "666.666667");
  CHECK(in_mwh(c->corrected_wh[1]) == "333.333333");
  CHECK(sum_of(*c) == 1000 * mwh);
  CHECK(!c->is_within({}));
}

TEST_CASE("group_correction: AG-10 weights 1 and 0, worked by hand") {
  const std::vector<weighted_volume> volumes{{600 * mwh, 100}, {300 * mwh, 0}};
  const auto c = correct_to_take(1000 * mwh, volumes);
  REQUIRE(c);
  CHECK(format_factor(*c) == "1.166666667");
  CHECK(c->corrected_wh == std::vector<std::int64_t>{700 * mwh, 300 * mwh});
}

TEST_CASE("group_correction: AG-10 a take below the sum, weights between, the comfort range") {
  // 95 of 100: half of the weight, twice the correction. CF - 1 = -5 / (50 + 25).
  const std::vector<weighted_volume> volumes{{50 * mwh, 100}, {50 * mwh, 50}};
  const auto c = correct_to_take(95 * mwh, volumes);
  REQUIRE(c);
  CHECK(format_factor(*c) == "0.933333333");
  CHECK(in_mwh(c->corrected_wh[0]) == "46.666667");
  CHECK(in_mwh(c->corrected_wh[1]) == "48.333333");
  CHECK(c->is_within({}));
  CHECK(!c->is_within({934, 1100}));
  // The bounds belong to the range.
  const std::vector<weighted_volume> one{{1000, 100}};
  CHECK(correct_to_take(1100, one)->is_within({}));
  CHECK(!correct_to_take(1101, one)->is_within({}));
  CHECK(correct_to_take(900, one)->is_within({}));
  CHECK(!correct_to_take(899, one)->is_within({}));
  // Small weights: the factor is below 0, the volume is not.
  const std::vector<weighted_volume> light{{1000, 50}};
  const auto low = correct_to_take(400, light);
  REQUIRE(low);
  CHECK(format_factor(*low) == "-0.200000000");
  CHECK(low->corrected_wh[0] == 400);
}

TEST_CASE("group_correction: AG-10 what rounding leaves goes to the largest remainders, the first of equal ones") {
  const std::vector<weighted_volume> equal{{1, 100}, {1, 100}, {1, 100}};
  CHECK(correct_to_take(4, equal)->corrected_wh == std::vector<std::int64_t>{2, 1, 1});
  CHECK(correct_to_take(5, equal)->corrected_wh == std::vector<std::int64_t>{2, 2, 1});
  CHECK(correct_to_take(2, equal)->corrected_wh == std::vector<std::int64_t>{1, 1, 0});
  const std::vector<weighted_volume> unequal{{1, 100}, {5, 100}}; // to 7: 1 1/6 and 5 5/6
  CHECK(correct_to_take(7, unequal)->corrected_wh == std::vector<std::int64_t>{1, 6});
}

TEST_CASE("group_correction: AG-10 the take is met to the watt-hour, and each volume is within one of the exact") {
  seeded_random random(1010);
  std::size_t wrong = 0;
  std::size_t refused = 0;
  for (int round = 0; round < 5'000; ++round) {
    std::vector<weighted_volume> volumes;
    std::int64_t sum = 0;
    for (std::uint64_t n = 1 + random.below(12); n != 0; --n) {
      volumes.push_back({random.between<std::int64_t>(0, random.chance(1, 2) ? 50 : 9'000'000'000),
                         random.chance(1, 2) ? std::uint16_t{100} : random.between<std::uint16_t>(0, 300)});
      sum += volumes.back().wh;
    }
    const std::int64_t take = random.between<std::int64_t>(sum / 2, sum * 2);
    const auto c = correct_to_take(take, volumes);
    if (!c) {
      ++refused;
      continue;
    }
    wrong += sum_of(*c) == take ? 0 : 1;
    for (std::size_t i = 0; i < volumes.size(); ++i) {
      // |corrected - V (1 + (CF - 1) W)| < 1, all times the denominator and the hundred of the weight.
      const int128 exact =
        volumes[i].wh * (c->denominator * 100 + (c->numerator - c->denominator) * volumes[i].weight_hundredths);
      const int128 found = c->corrected_wh[i] * c->denominator * 100;
      const int128 off = found > exact ? found - exact : exact - found;
      wrong += off < c->denominator * 100 ? 0 : 1;
      wrong += volumes[i].weight_hundredths != 0 || c->corrected_wh[i] == volumes[i].wh ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
  CHECK(refused < 1'000);
}

TEST_CASE("group_correction: what cannot be corrected is said") {
  const std::vector<weighted_volume> fixed{{600, 0}, {0, 100}};
  const auto nothing = correct_to_take(1000, fixed);
  REQUIRE(!nothing);
  CHECK(nothing.failure().message.find("a difference of 400 Wh") != std::string::npos);
  const auto met = correct_to_take(600, fixed); // no difference, nothing to spread
  REQUIRE(met);
  CHECK(format_factor(*met) == "1.000000000");
  CHECK(met->corrected_wh == std::vector<std::int64_t>{600, 0});
  CHECK(correct_to_take(0, {}));
  CHECK(!correct_to_take(1, {}));
  const std::vector<weighted_volume> heavy{{100, 200}, {100, 50}}; // 200 - 100: CF - 1 = -0.4; 100 (1 - 0.8)
  CHECK(correct_to_take(100, heavy)->corrected_wh == std::vector<std::int64_t>{20, 80});
  CHECK(!correct_to_take(70, heavy)); // CF - 1 = -0.52: the first would fall below 0
  CHECK(!correct_to_take(-1, fixed));
  CHECK(!correct_to_take(largest_energy_wh + 1, fixed));
  CHECK(!correct_to_take(5, std::vector<weighted_volume>{{-1, 100}}));
  CHECK(!correct_to_take(5, std::vector<weighted_volume>{{1, 10'000}}));
  CHECK(!correct_to_take(5, std::vector<weighted_volume>{{largest_energy_wh, 100}, {1, 100}}));
}

TEST_CASE("group_correction: the largest volumes and weights do not overflow") {
  const std::vector<weighted_volume> most{{largest_energy_wh - 1, 9999}, {1, 9999}};
  const auto none = correct_to_take(0, std::vector<weighted_volume>{{largest_energy_wh, 100}});
  REQUIRE(none);
  CHECK(none->corrected_wh[0] == 0);
  CHECK(format_factor(*none) == "0.000000000");
  const auto same = correct_to_take(largest_energy_wh, most);
  REQUIRE(same);
  CHECK(sum_of(*same) == largest_energy_wh);
  const std::vector<weighted_volume> small{{1, 1}, {largest_energy_wh - 2, 0}};
  const auto large = correct_to_take(largest_energy_wh, small);
  REQUIRE(large);
  CHECK(large->corrected_wh[0] == 2);
  CHECK(format_factor(*large) == "101.000000000");
  const auto larger = correct_to_take(largest_energy_wh, std::vector<weighted_volume>{{1, 1}});
  REQUIRE(larger);
  CHECK(larger->corrected_wh[0] == largest_energy_wh);
  CHECK(format_factor(*larger) == "99999999999999901.000000000");
}
