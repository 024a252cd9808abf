#include "supervision/backoff.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <set>
#include <vector>

using namespace gridtwin;
using namespace std::chrono_literals;

namespace {

std::vector<std::chrono::nanoseconds> pauses(const backoff& of, std::uint32_t attempts) {
  std::vector<std::chrono::nanoseconds> out;
  for (std::uint32_t attempt = 0; attempt < attempts; ++attempt)
    out.push_back(of.pause(attempt));
  return out;
}

const backoff longer{{1s, 2s, 4s, 8s, 16s, 32s, 60s}, 7, 250};

} // namespace

TEST_CASE("backoff: V6 at once, 100 ms, 1 s; what comes after waits no longer") {
  CHECK(pauses(quick_backoff, 5) == std::vector<std::chrono::nanoseconds>{0s, 100ms, 1s, 1s, 1s});
}

TEST_CASE("backoff: V12 a longer table goes on with its last step, for ever") {
  CHECK(pauses(longer, 9) == std::vector<std::chrono::nanoseconds>{1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s});
  CHECK(longer.pause(0xFFFFFFFFU) == 60s);
}

TEST_CASE("backoff: a table without steps never waits, whatever its jitter") {
  const backoff none{{}, 0, 1000};
  for (std::uint32_t attempt = 0; attempt < 10; ++attempt)
    CHECK(none.pause(attempt, {1, {2}}) == 0s);
}

TEST_CASE("backoff: V13 jitter is a function of seed, child and attempt, and each of them changes it") {
  const jitter_key mine{7, {3}};
  CHECK(longer.pause(6, mine) == longer.pause(6, jitter_key{7, {3}}));
  CHECK(longer.pause(6, mine) != longer.pause(6, {8, {3}}));
  CHECK(longer.pause(6, mine) != longer.pause(6, {7, {4}}));
  CHECK(longer.pause(6, mine) != longer.pause(7, mine)); // both are steps of 60 s
  // Committed: the same on every machine and in every version.
  CHECK(longer.pause(6, mine) == 60'000'000'000ns + 2'245'320'000ns);
  CHECK(quick_backoff.pause(1, {0, {0}}) == 100'000'000ns + 17'530'300ns);
}

TEST_CASE("backoff: V13 jitter adds up to its share of a step, evenly, and takes nothing away") {
  for (const std::uint32_t permille : {0U, 1U, 250U, 1000U}) {
    const backoff of{{1s, 60s}, 2, permille};
    for (const std::uint32_t attempt : {0U, 1U}) {
      const std::chrono::nanoseconds step = of.pause(attempt);
      std::vector<int> by_tenth(10);
      std::set<std::chrono::nanoseconds> distinct;
      for (std::uint32_t child = 0; child < 10'000; ++child) {
        const std::chrono::nanoseconds more = of.pause(attempt, {42, {child}}) - step;
        CHECK(more >= 0s);
        CHECK(more <= step * permille / 1000);
        distinct.insert(more);
        if (permille > 0)
          ++by_tenth[static_cast<std::size_t>(std::min<std::int64_t>(9, more * 10'000 / permille / step))];
      }
      if (permille == 0)
        continue;
      CHECK(distinct.size() > (permille == 1 ? 900 : 9'000));
      for (const int n : by_tenth)
        CHECK((n > 850 && n < 1'150));
    }
  }
}
