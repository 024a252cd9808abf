#include "src/load/latency_histogram.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

TEST_CASE("latency_histogram: percentiles lie at most 0.8 % above those of the sorted times") {
  seeded_random random(1);
  for (const std::size_t count : {1U, 2U, 10U, 999U, 1000U, 20'000U}) {
    latency_histogram found, half;
    std::vector<std::int64_t> sorted;
    for (std::size_t i = 0; i < count; ++i) {
      const std::int64_t took = random.between<std::int64_t>(0, 1) << random.between(0, 40);
      sorted.push_back(took + random.between<std::int64_t>(0, took));
      (i % 2 == 0 ? found : half).add(sorted.back());
    }
    found.add(half);
    std::sort(sorted.begin(), sorted.end());
    CHECK(found.count() == count);
    CHECK(found.most_us() == static_cast<std::uint64_t>(sorted.back()));
    for (const std::uint32_t thousandth : {1U, 500U, 900U, 990U, 999U, 1000U}) {
      const auto exact = static_cast<std::uint64_t>(sorted[(count * thousandth + 999) / 1000 - 1]);
      CHECK(found.at_thousandth_us(thousandth) >= exact);
      CHECK(found.at_thousandth_us(thousandth) <= exact + exact / 128);
    }
  }
}

TEST_CASE("latency_histogram: nothing, times below zero, and many at once") {
  latency_histogram h;
  CHECK(h.at_thousandth_us(500) == 0);
  h.add(-5);
  h.add(1000, 3);
  h.add(77, 0);
  CHECK(h.count() == 4);
  CHECK(h.at_thousandth_us(250) == 0);
  CHECK(h.at_thousandth_us(251) == 1000);
}
