#include "supervision/supervisor_state.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <numeric>

using namespace gridtwin;
using namespace std::chrono_literals;

namespace {

constexpr auto threw = death_reason::threw;
const monotonic_time start{1000s};

/// The default policy without jitter, so that pauses are those of the table.
restart_policy steady(restart_strategy strategy) {
  restart_policy policy;
  policy.strategy = strategy;
  policy.pauses.jitter_permille = 0;
  return policy;
}

supervisor_order restart_of(child_range range, std::chrono::nanoseconds delay = 0s) {
  return {child_fate::restarted, group_fate::goes_on, range, delay};
}
const supervisor_order parked_alone{child_fate::parked, group_fate::goes_on, {}, 0s};
const supervisor_order parked_and_escalated{child_fate::parked, group_fate::escalated, {}, 0s};
const supervisor_order nothing{};

/// Kills a child until it is parked. The order that parks it.
supervisor_order fail_until_parked(supervisor_state& group, child_index child, monotonic_time now) {
  for (int i = 0; i < 3; ++i) {
    REQUIRE(group.died(child, threw, now).child == child_fate::restarted);
    group.started(child, now);
  }
  return group.died(child, threw, now);
}

std::uint64_t deaths(const supervision_counters& c) {
  return std::accumulate(c.deaths.begin(), c.deaths.end(), std::uint64_t{0});
}

std::uint64_t restarts(const supervision_counters& c) {
  return std::accumulate(c.restarts.begin(), c.restarts.end(), std::uint64_t{0});
}

} // namespace

TEST_CASE("supervisor: V1 one for one, the child that died and no other") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  supervisor_state group(policy, {200, 1});
  CHECK(group.died({17}, threw, start) == restart_of({{17}, 1}));
  CHECK(group.waiting({17}));
  CHECK_FALSE(group.waiting({16}));
  CHECK_FALSE(group.waiting({18}));
  group.started({17}, start);
  CHECK_FALSE(group.waiting({17}));
}

TEST_CASE("supervisor: V2 three restarts in 60 s with growing pauses, then parked; siblings have their own count") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  supervisor_state group(policy, {200, 1});
  monotonic_time now = start;
  for (const std::chrono::nanoseconds pause :
       {std::chrono::nanoseconds{0s}, std::chrono::nanoseconds{100ms}, std::chrono::nanoseconds{1s}}) {
    CHECK(group.died({5}, threw, now) == restart_of({{5}, 1}, pause));
    now += pause;
    group.started({5}, now);
    now += 10ms;
  }
  CHECK(group.died({5}, threw, now) == parked_alone);
  CHECK(group.parked({5}));
  CHECK_FALSE(group.parked({4}));
  CHECK(group.died({4}, threw, now) == restart_of({{4}, 1}));
  CHECK(group.died({5}, death_reason::killed, now) == nothing); // what is parked is down
}

TEST_CASE("supervisor: V2 a child that dies 100 times a second for an hour is restarted three times and parked once") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  supervisor_state group(policy, {200, 1});
  int started = 0, parked = 0;
  for (monotonic_time now = start; now < start + 1h; now += 10ms) {
    const supervisor_order order = group.died({5}, threw, now);
    REQUIRE(order.group == group_fate::goes_on);
    started += order.child == child_fate::restarted ? 1 : 0;
    parked += order.child == child_fate::parked ? 1 : 0;
    if (order.child == child_fate::restarted)
      group.started({5}, now); // at once: nobody may rely on pauses being kept
  }
  CHECK(started == 3);
  CHECK(parked == 1);
  CHECK(group.counters().left == 360'000 - 4);
}

TEST_CASE("supervisor: V2 the window is half-open: after exactly 60 s a restart no longer counts") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  for (const bool in_time : {true, false}) {
    supervisor_state group(policy, {200, 1});
    for (int i = 0; i < 3; ++i) {
      group.died({5}, threw, start);
      group.started({5}, start); // the third was due at start + 1 s, and counts from there
    }
    const supervisor_order order = group.died({5}, threw, start + 60s - (in_time ? 1ns : 0ns));
    CHECK(order.child == (in_time ? child_fate::parked : child_fate::restarted));
    if (!in_time)
      CHECK(order.delay == 1s); // the second counts until 60.1 s, the third until 61 s: a third attempt
  }
}

TEST_CASE("supervisor: V2 a restart that comes late counts from when it came") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  for (const bool in_time : {true, false}) {
    supervisor_state group(policy, {200, 1});
    group.died({5}, threw, start);
    group.started({5}, start + 40s); // a slow machine
    for (int i = 0; i < 2; ++i) {
      group.died({5}, threw, start + 41s);
      group.started({5}, start + 41s);
    }
    CHECK(group.died({5}, threw, start + 100s - (in_time ? 1ns : 0ns)).child
          == (in_time ? child_fate::parked : child_fate::restarted));
  }
}

TEST_CASE("supervisor: only time forgives; nothing is left of a child when its window has passed") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  supervisor_state group(policy, {200, 1});
  CHECK(group.remembered() == 0);
  group.died({5}, threw, start);
  group.started({5}, start);
  CHECK(group.remembered() == 1);
  group.expire(start + 60s - 1ns);
  CHECK(group.remembered() == 1);
  group.expire(start + 60s);
  CHECK(group.remembered() == 0);
}

TEST_CASE(
  "supervisor: a start that fails counts as a death, and the end of a child that waits for its start does not") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  supervisor_state group(policy, {200, 1});
  CHECK(group.died({5}, threw, start) == restart_of({{5}, 1}));
  CHECK(group.died({5}, death_reason::killed, start) == nothing); // the same death, told again
  CHECK(group.died({5}, death_reason::not_started, start) == restart_of({{5}, 1}, 100ms));
  CHECK(group.died({5}, death_reason::not_started, start + 100ms) == restart_of({{5}, 1}, 1s));
  CHECK(group.died({5}, death_reason::not_started, start + 1100ms) == parked_alone);
}

TEST_CASE("supervisor: a child that finished is not started again") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  supervisor_state group(policy, {200, 1});
  CHECK(group.died({5}, death_reason::finished, start) == nothing);
  CHECK(group.remembered() == 0);
}

TEST_CASE("supervisor: V3 of 200 twins the eleventh that is parked escalates, once, and siblings go on") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  supervisor_state group(policy, {200, 1});
  for (std::uint32_t child = 0; child < 100; ++child) { // bad firmware, within 10 s
    const supervisor_order order = fail_until_parked(group, {child}, start + child * 100ms);
    CHECK(order == (child == 10 ? parked_and_escalated : parked_alone));
  }
  CHECK(group.counters().escalations == 1);
  CHECK(group.counters().parked == 100);
  CHECK(group.died({150}, threw, start + 20s) == restart_of({{150}, 1}));
}

TEST_CASE("supervisor: V3 in a large group the 21st distinct child, within 60 s and not in 60 s and more") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  supervisor_state slow(policy, {100'000, 1});
  supervisor_state fast(policy, {100'000, 1});
  for (std::uint32_t child = 0; child < 40; ++child) {
    CHECK(fail_until_parked(slow, {child}, start + child * 3s).group == group_fate::goes_on); // 20 in any 60 s
    CHECK(fail_until_parked(fast, {child}, start + child * 2900ms).group
          == (child == 20 ? group_fate::escalated : group_fate::goes_on));
  }
}

TEST_CASE("supervisor: V3 a cause ends when no child was parked for a whole window; the next one escalates again") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  for (const bool calm : {false, true}) {
    supervisor_state group(policy, {40, 1});
    monotonic_time now = start;
    for (std::uint32_t child = 0; child < 3; ++child)
      CHECK(fail_until_parked(group, {child}, now).group == (child == 2 ? group_fate::escalated : group_fate::goes_on));
    now += calm ? 60s : 60s - 1ns; // to the first of the next
    for (std::uint32_t child = 3; child < 6; ++child)
      CHECK(fail_until_parked(group, {child}, now).group
            == (child == 5 && calm ? group_fate::escalated : group_fate::goes_on));
  }
}

TEST_CASE("supervisor: a child that an earlier process parked is parked, and is no event") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  supervisor_state group(policy, {40, 1});
  for (std::uint32_t child = 0; child < 30; ++child)
    group.keep_parked({child});
  CHECK(group.parked() == 30);
  CHECK(group.counters() == supervision_counters{});
  CHECK(group.died({3}, threw, start) == nothing);
  CHECK(fail_until_parked(group, {35}, start) == parked_alone);
}

TEST_CASE("supervisor: V4 rest for one: an aggregate restarts with what leans on it, the twins before it do not") {
  const restart_policy policy = steady(restart_strategy::rest_for_one);
  supervisor_state group(policy, {6, 1}); // twins 0 to 2, the aggregate 3, its subscriptions 4 and 5
  CHECK(group.died({3}, threw, start) == restart_of({{3}, 3}));
  CHECK_FALSE(group.waiting({2}));
  for (const std::uint32_t child : {3U, 4U, 5U}) {
    CHECK(group.waiting({child}));
    CHECK(group.waiting({5}));
    group.started({child}, start);
  }
  CHECK_FALSE(group.waiting({5}));
  CHECK(group.died({5}, threw, start) == restart_of({{5}, 1}));
}

TEST_CASE(
  "supervisor: V4 rest for one: a death before those that wait takes more along; one among them changes nothing") {
  const restart_policy policy = steady(restart_strategy::rest_for_one);
  supervisor_state group(policy, {6, 1});
  group.died({3}, threw, start);
  group.started({3}, start);
  group.died({3}, threw, start);                                             // its second restart, in 100 ms
  CHECK(group.died({4}, death_reason::killed, start) == nothing);            // stopped, as was ordered
  CHECK(group.died({2}, threw, start + 10ms) == restart_of({{2}, 4}, 90ms)); // nobody's pause is cut short
  group.started({2}, start + 100ms);
  group.started({3}, start + 100ms);
  CHECK(group.died({4}, death_reason::not_started, start + 100ms) == restart_of({{4}, 2}));
}

TEST_CASE("supervisor: V5 one for all: the gate and the router restart with the writer, and with each other") {
  const restart_policy policy = steady(restart_strategy::one_for_all);
  for (const std::uint32_t child : {0U, 1U, 2U}) {
    supervisor_state group(policy, {3, 1});
    CHECK(group.died({child}, threw, start) == restart_of({{0}, 3}));
    for (const std::uint32_t any : {0U, 1U, 2U})
      CHECK(group.waiting({any}));
    CHECK(group.died({(child + 1) % 3}, threw, start) == nothing); // it goes down with the others anyway
    group.started({0}, start);
    CHECK(group.died({1}, death_reason::not_started, start).restart == child_range{{0}, 3});
  }
}

TEST_CASE("supervisor: V5 a group that cannot go on without a child escalates instead of parking it, once") {
  for (const auto strategy : {restart_strategy::one_for_all, restart_strategy::rest_for_one}) {
    const restart_policy policy = steady(strategy);
    supervisor_state group(policy, {3, 1});
    for (int i = 0; i < 3; ++i) {
      CHECK(group.died({1}, threw, start).child == child_fate::restarted);
      for (const std::uint32_t child : {0U, 1U, 2U})
        group.started({child}, start);
    }
    CHECK(group.died({1}, threw, start) == supervisor_order{child_fate::left, group_fate::escalated, {}, 0s});
    CHECK(group.died({2}, threw, start + 1h) == nothing); // it is the parent's to do
    CHECK(group.parked() == 0);
    CHECK(group.counters().escalations == 1);
  }
}

TEST_CASE("supervisor: V12 at the top, what would be escalated ends the process, and then nothing more is ordered") {
  restart_policy policy = steady(restart_strategy::rest_for_one);
  policy.top = true;
  policy.child.most_restarts = 0;
  supervisor_state line(policy, {3, 1});
  CHECK(line.died({1}, threw, start) == supervisor_order{child_fate::left, group_fate::shut_down, {}, 0s});
  CHECK(line.died({1}, death_reason::fatal, start + 1h) == nothing);
  CHECK(line.counters().shut_downs == 1);
  CHECK(line.counters().escalations == 0);

  policy.strategy = restart_strategy::one_for_one;
  supervisor_state group(policy, {2, 1});
  CHECK(group.died({0}, threw, start) == parked_alone);
  CHECK(group.died({1}, threw, start) == supervisor_order{child_fate::parked, group_fate::shut_down, {}, 0s});
}

TEST_CASE("supervisor: V12 what can no longer be trusted ends the process at any level") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  supervisor_state group(policy, {200, 1});
  CHECK(group.died({5}, death_reason::fatal, start)
        == supervisor_order{child_fate::left, group_fate::shut_down, {}, 0s});
  CHECK(group.died({6}, threw, start) == nothing);
}

TEST_CASE("supervisor: V13 children that die together come back apart, the same way each time") {
  restart_policy policy;
  supervisor_state group(policy, {1000, 7}), again(policy, {1000, 7}), other(policy, {1000, 8});
  int as_other = 0;
  for (std::uint32_t child = 0; child < 100; ++child) {
    for (supervisor_state* one : {&group, &again, &other}) {
      one->died({child}, threw, start);
      one->started({child}, start);
    }
    const supervisor_order order = group.died({child}, threw, start);
    CHECK(order.delay >= 100ms);
    CHECK(order.delay <= 125ms);
    CHECK(order == again.died({child}, threw, start));
    as_other += order == other.died({child}, threw, start) ? 1 : 0;
  }
  CHECK(as_other < 5);
}

TEST_CASE("supervisor: V19 each death is counted by its reason and by what became of it; counters add up") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  supervisor_state group(policy, {40, 1});
  for (std::uint32_t child = 0; child < 4; ++child)
    fail_until_parked(group, {child}, start);
  group.died({9}, death_reason::killed, start);
  group.died({10}, death_reason::stuck, start);
  group.died({11}, death_reason::finished, start);
  group.died({10}, death_reason::not_started, start);
  supervision_counters c = group.counters();
  CHECK(c.deaths == std::array<std::uint64_t, death_reason_count>{16, 1, 1, 1, 1, 0});
  CHECK(c.restarts == std::array<std::uint64_t, death_reason_count>{12, 1, 1, 1, 0, 0});
  CHECK(c.delayed == 4 * 2 + 1);
  CHECK(c.children_restarted == 15);
  CHECK(c.parked == 4);
  CHECK(c.left == 1);
  CHECK(c.escalations == 1);
  CHECK(c.shut_downs == 0);
  CHECK(deaths(c) == restarts(c) + c.parked + c.left);

  const restart_policy all = steady(restart_strategy::one_for_all);
  supervisor_state writers(all, {3, 1});
  writers.died({0}, threw, start);
  CHECK(writers.counters().children_restarted == 3);
  writers.died({0}, death_reason::fatal, start);
  c += writers.counters();
  c += c;
  CHECK(c.deaths == std::array<std::uint64_t, death_reason_count>{34, 2, 2, 2, 2, 2});
  CHECK(c.restarts == std::array<std::uint64_t, death_reason_count>{26, 2, 2, 2, 0, 0});
  CHECK(c.delayed == 18);
  CHECK(c.children_restarted == 36);
  CHECK(c.parked == 8);
  CHECK(c.left == 4);
  CHECK(c.escalations == 2);
  CHECK(c.shut_downs == 2);
}

TEST_CASE("supervisor: time that goes back counts as the latest there was") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  supervisor_state group(policy, {200, 1});
  group.expire(start + 100s);
  for (int i = 0; i < 3; ++i) {
    group.died({5}, threw, start);
    group.started({5}, start);
  }
  CHECK(group.died({5}, threw, start + 159s) == parked_alone);
}

TEST_CASE("supervisor: with a window that ends, success forgives nothing") {
  const restart_policy policy = steady(restart_strategy::one_for_one);
  supervisor_state group(policy, {200, 1});
  for (int i = 0; i < 3; ++i) {
    group.died({5}, threw, start);
    group.started({5}, start);
    group.recovered({5});
  }
  CHECK(group.died({5}, threw, start + 1s) == parked_alone);
}

TEST_CASE("supervisor: a group that grows takes new children along, and its share counts them") {
  const restart_policy line = steady(restart_strategy::rest_for_one);
  supervisor_state group(line, {2, 1});
  group.grow(5);
  CHECK(group.died({1}, threw, start) == restart_of({{1}, 4}));
  supervisor_state untold(line, {2, 1});
  CHECK(untold.died({4}, threw, start) == restart_of({{4}, 1})); // one that nobody told of

  const restart_policy one = steady(restart_strategy::one_for_one);
  supervisor_state small(one, {39, 1}), grown(one, {39, 1});
  grown.grow(40);
  grown.grow(10); // never fewer
  for (std::uint32_t child = 0; child < 2; ++child) {
    CHECK((fail_until_parked(small, {child}, start).group == group_fate::escalated) == (child == 1));
    CHECK(fail_until_parked(grown, {child}, start).group == group_fate::goes_on);
  }
}
