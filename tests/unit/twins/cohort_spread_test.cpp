#include "twins/cohort_spread.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

using namespace gridtwin;

namespace {

cohort_spread spread_of(std::vector<std::int64_t> wh, cohort_scale scale = cohort_scale::wh,
                        std::int64_t floor_wh = 5) {
  return {wh, scale, floor_wh};
}

std::string z(const cohort_spread& of, std::int64_t wh) { return format_milli(of.z_of(wh).milli()); }

} // namespace

TEST_CASE("cohort spread: VA-15 the vector of the domain notes, 0.30 0.32 0.29 0.31 0.33 0.30 2.10 kWh") {
  const cohort_spread of = spread_of({300, 320, 290, 310, 330, 300, 2100});
  CHECK(of.doubled_median_wh() == 620);
  CHECK(of.fourfold_deviation() == 40); // MAD 10 Wh
  CHECK(z(of, 300) == "-0.674");        // 0.6745, half to even
  CHECK(z(of, 320) == "0.674");
  CHECK(z(of, 290) == "-1.349");
  CHECK(z(of, 310) == "0.000");
  CHECK(z(of, 330) == "1.349");
  CHECK(z(of, 2100) == "120.736");
  CHECK(of.z_of(2100).exceeds(3'500));
  CHECK_FALSE(of.z_of(330).exceeds(3'500));
}

TEST_CASE("cohort spread: VA-15 the deviation has a floor of 5 Wh, so that equal values divide by no zero") {
  for (const cohort_scale scale : {cohort_scale::wh, cohort_scale::logarithm}) {
    const cohort_spread of = spread_of(std::vector<std::int64_t>(9, 310), scale);
    CHECK(of.z_of(310).numerator == 0);
    CHECK(of.fourfold_deviation() > 0);
    // 5 Wh more than a median that all have is one deviation on either scale.
    CHECK(z(of, 315) == "0.674");
  }
  const cohort_spread equal = spread_of({310, 310, 310});
  CHECK(equal.z_of(336).exceeds(3'500)); // 5.2 times 5 Wh
  CHECK_FALSE(equal.z_of(335).exceeds(3'500));
  const cohort_spread zeros = spread_of({0, 0, 0, 0, 0}, cohort_scale::logarithm);
  CHECK(z(zeros, 5) == "0.674");
  // Beyond floating point: a deviation below the floor's rounding is still one unit.
  CHECK(spread_of({1'000'000'000'000, 1'000'000'000'000}, cohort_scale::logarithm).fourfold_deviation() == 4);
}

TEST_CASE("cohort spread: VA-15 medians of an even number of values lie between two") {
  const cohort_spread of = spread_of({10, 41, 100, 20});
  CHECK(of.doubled_median_wh() == 61);      // 30.5
  CHECK(of.fourfold_deviation() == 2 * 31); // deviations 10.5 10.5 20.5 69.5: 15.5
  CHECK(z(of, 100) == "3.024");             // 0.6745 * 69.5 / 15.5
  CHECK(z(of, 10) == "-0.892");
}

TEST_CASE("cohort spread: VA-15 what is compared is exact, not what is shown") {
  // 0.6745 * 10379 / 2000 = 3.5003: shown as 3.500, and yet above 3.5.
  const cohort_spread of = spread_of({8'000, 10'000, 12'000}, cohort_scale::wh);
  CHECK(of.fourfold_deviation() == 8'000);
  CHECK(z(of, 20'379) == "3.500");
  CHECK(of.z_of(20'379).exceeds(3'500));
  CHECK_FALSE(of.z_of(20'377).exceeds(3'500)); // 3.49967
  // Exactly at the threshold is not above it.
  CHECK_FALSE(exact_score{false, 7, 2}.exceeds(3'500));
  CHECK_FALSE(exact_score{true, 9, 2}.exceeds(3'500));
}

TEST_CASE("cohort spread: VA-15 the logarithm in integers is that of the mathematics, rounded down") {
  CHECK(log_of(0) == 0);
  CHECK(log_of(1) == 65'536);
  CHECK(log_of(3) == 2 * 65'536);
  CHECK(log_of((std::int64_t{1} << 40) - 1) == 40 * 65'536);
  std::int64_t before = -1;
  for (std::int64_t wh = 0; wh < 70'000; ++wh) {
    const double exact = std::log2(static_cast<double>(wh) + 1) * 65'536;
    const auto found = static_cast<double>(log_of(wh));
    CHECK_MESSAGE((found <= exact + 0.01 && found > exact - 1.01), "of " << wh << ": " << found << " for " << exact);
    CHECK(log_of(wh) >= before);
    before = log_of(wh);
  }
  CHECK(std::abs(static_cast<double>(log_of(largest_energy_wh)) - std::log2(1e15 + 1) * 65'536) < 2);
}

TEST_CASE("cohort spread: VA-15 on the scale of logarithms as many times more is as far") {
  const cohort_spread small = spread_of({99, 199, 399}, cohort_scale::logarithm, 0);
  CHECK(z(small, 799) == "1.349");
  CHECK(z(small, 1599) == "2.024"); // three doublings: 2.0235, half to even
  CHECK(small.doubled_median_wh() == 398);
  CHECK(z(small, 49) == "-1.349");
}
