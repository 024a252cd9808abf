#include "supervision/restart_bucket.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;
using namespace std::chrono_literals;

TEST_CASE("restart bucket: V13 100,000 at once begin within 20 s, in the order asked, 5,000 a second") {
  restart_bucket bucket;
  const monotonic_time storm{500s};
  std::vector<monotonic_time> starts;
  for (int i = 0; i < 100'000; ++i)
    starts.push_back(bucket.take(storm));
  CHECK(starts[499] == storm);
  CHECK(starts[500] == storm + 200us);
  CHECK(starts[5'499] == storm + 1s);
  CHECK(starts.back() == storm + 19'900ms);
  CHECK(std::is_sorted(starts.begin(), starts.end()));
  CHECK(bucket.at_once() == 500);
  CHECK(bucket.delayed() == 99'500);
}

TEST_CASE("restart bucket: V13 it fills again by a token each interval, up to its burst and no further") {
  restart_bucket bucket({10, 3}); // a token each 100 ms
  const monotonic_time start{1s};
  for (int i = 0; i < 3; ++i)
    CHECK(bucket.take(start) == start);
  CHECK(bucket.take(start + 99ms) == start + 100ms);
  CHECK(bucket.take(start + 200ms) == start + 200ms);
  const monotonic_time later = start + 1h;
  for (int i = 0; i < 3; ++i)
    CHECK(bucket.take(later) == later);
  CHECK(bucket.take(later) == later + 100ms);
}

TEST_CASE("restart bucket: a rate that does not divide a second is not exceeded") {
  restart_bucket bucket({3, 1});
  const monotonic_time start{0s};
  CHECK(bucket.take(start) == start);
  CHECK(bucket.take(start) == start + 333'333'334ns);
}

TEST_CASE("restart bucket: time that goes back gives no tokens") {
  restart_bucket bucket({10, 2});
  const monotonic_time start{10s};
  CHECK(bucket.take(start) == start);
  CHECK(bucket.take(start - 5s) == start);
  CHECK(bucket.take(start - 5s) == start + 100ms);
}

namespace {

/// Tokens counted one by one, in nanoseconds of filling, and those who wait in a row.
struct naive_bucket {
  std::int64_t interval;
  std::int64_t most;   // a full bucket, in nanoseconds of filling
  std::int64_t filled; // at `when`
  std::int64_t when = 0;

  naive_bucket(std::int64_t of_interval, std::int64_t burst)
    : interval(of_interval), most(of_interval * burst), filled(most) {}

  std::int64_t take(std::int64_t now) {
    if (now > when) { // while someone waits, `when` is ahead
      filled = std::min(most, filled + now - when);
      when = now;
    }
    if (filled < interval) {
      when += interval - filled;
      filled = interval;
    }
    filled -= interval;
    return when;
  }
};

} // namespace

TEST_CASE("restart bucket: V13 agrees with counting tokens one by one, and no window holds more than it may") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    seeded_random random(seed);
    const std::uint32_t burst = random.between(1U, 6U);
    constexpr std::int64_t interval = 1'000'000; // 1,000 a second
    restart_bucket bucket({1'000, burst});
    naive_bucket naive(interval, burst);
    std::int64_t now = 0;
    std::vector<std::int64_t> starts;
    for (int i = 0; i < 60; ++i) {
      if (random.chance(1, 3))
        now += random.between<std::int64_t>(0, 4) * interval / 2 + random.between<std::int64_t>(0, 2);
      const std::int64_t start = bucket.take(monotonic_time{std::chrono::nanoseconds{now}}).time_since_epoch().count();
      REQUIRE(start == naive.take(now));
      REQUIRE(start >= now);
      starts.push_back(start);
    }
    for (std::size_t first = 0; first < starts.size(); ++first)
      for (std::size_t last = first; last < starts.size(); ++last) // the shortest window that holds them
        REQUIRE((static_cast<std::int64_t>(last - first) + 1 - burst) * interval <= starts[last] - starts[first]);
    CHECK(bucket.at_once() + bucket.delayed() == starts.size());
  }
}
