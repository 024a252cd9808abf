#include "supervision/restart_policy.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace gridtwin;
using namespace std::chrono_literals;

TEST_CASE("time window: V2 half-open, exact at both ends") {
  const monotonic_time now{1000s};
  const time_window minute{60s};
  CHECK(minute.holds(now, now));
  CHECK(minute.holds(now - 60s + 1ns, now));
  CHECK_FALSE(minute.holds(now - 60s, now));
  CHECK_FALSE(minute.holds(now - 60s - 1ns, now));
  CHECK(minute.holds(now + 5s, now)); // ordered, not yet due
  const time_window empty{0s};
  CHECK_FALSE(empty.holds(now, now));
}

TEST_CASE("time window: an unlimited one holds all there ever was") {
  const time_window always{time_window::unlimited};
  CHECK(always.holds(monotonic_time::min(), monotonic_time::max()));
  CHECK_FALSE(always.ends());
}

TEST_CASE("group limit: V3 more than 5 % of the children, or more than 20") {
  constexpr group_limit limit;
  CHECK_FALSE(limit.exceeded(10, 200)); // 5 % are not more than 5 %
  CHECK(limit.exceeded(11, 200));
  CHECK_FALSE(limit.exceeded(10, 201));
  CHECK(limit.exceeded(10, 199));
  CHECK_FALSE(limit.exceeded(20, 100'000));
  CHECK(limit.exceeded(21, 100'000));
  CHECK(limit.exceeded(21, 4'294'967'295));
}

TEST_CASE("group limit: V2 and V3 one child of a small group is no group's failure, unless it is all of it") {
  constexpr group_limit limit;
  CHECK_FALSE(limit.exceeded(0, 0));
  CHECK(limit.exceeded(1, 1));
  CHECK_FALSE(limit.exceeded(1, 2));
  CHECK_FALSE(limit.exceeded(1, 15));
  CHECK(limit.exceeded(2, 15));
  CHECK_FALSE(limit.exceeded(2, 40));
}

TEST_CASE("group limit: V12 a run ends over the first of its parts that may not be started again, of however many") {
  for (const std::uint64_t parts : {1U, 2U, 100'000U}) {
    CHECK_FALSE(timeless_parts.group.exceeded(0, parts));
    CHECK(timeless_parts.group.exceeded(1, parts));
  }
}
