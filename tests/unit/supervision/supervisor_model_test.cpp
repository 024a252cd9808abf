#include "supervision/supervisor_state.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/unit/supervision/naive_supervisor.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;
using namespace std::chrono_literals;

namespace {

constexpr nanos second = 1'000'000'000;
constexpr nanos minute = 60 * second;

time_window window_of(nanos length) {
  return {length == 0 ? time_window::unlimited : std::chrono::nanoseconds{length}};
}

restart_policy policy_of(const naive_policy& p) {
  restart_policy out{p.strategy,
                     {p.most_restarts, window_of(p.window)},
                     {p.most_parked, p.most_permille, p.fewest, window_of(p.group_window)},
                     quick_backoff,
                     p.top};
  out.pauses.jitter_permille = 0;
  return out;
}

monotonic_time instant(nanos at) { return monotonic_time{std::chrono::nanoseconds{at}}; }

naive_policy drawn_policy(seeded_random& random, restart_strategy strategy) {
  naive_policy p;
  p.strategy = strategy;
  p.most_restarts = random.between(0U, 4U);
  p.window = random.chance(1, 8) ? 0 : minute;
  p.most_parked = random.between(1U, 6U);
  p.most_permille = random.pick(std::vector<std::uint32_t>{0, 50, 200, 1000});
  p.fewest = random.between(0U, 3U);
  p.group_window = random.pick(std::vector<nanos>{minute, minute, minute / 2, 0});
  p.top = random.chance(1, 4);
  return p;
}

/// One random life of a group, told to both.
class trial {
public:
  trial(std::uint64_t seed, restart_strategy strategy)
    : random_(seed), naive_{drawn_policy(random_, strategy), random_.between(1U, 24U), {}},
      policy_(policy_of(naive_.policy)), group_(policy_, {naive_.children, seed}),
      favourites_(random_.between(1U, naive_.children)) {}

  void run() {
    for (int i = 0; i < 160; ++i) {
      pass_time();
      act();
      REQUIRE(group_.remembered() == naive_.remembered(now_));
      for (std::uint32_t child = 0; child < naive_.children; ++child) {
        REQUIRE(group_.parked({child}) == naive_.parked(child));
        REQUIRE(group_.waiting({child}) == naive_.waiting(child));
      }
    }
    check_limit();
    check_counters();
  }

  std::uint64_t parkings() const { return group_.counters().parked; }
  std::uint64_t escalations() const { return group_.counters().escalations; }

private:
  /// Often exactly to where a window ends, or a nanosecond beside it.
  void pass_time() {
    switch (random_.below(6)) {
    case 0:
      now_ += random_.between<nanos>(0, minute / 3);
      break;
    case 1:
      now_ += 1;
      break;
    case 2: {
      if (naive_.history.empty())
        break;
      const naive_entry& e = random_.pick(naive_.history);
      const nanos edge = std::max(e.at, e.due) + (random_.chance(1, 2) ? minute : minute / 2);
      now_ = std::max(now_, edge + random_.between<nanos>(0, 2) - 1);
      break;
    }
    case 3:
      now_ += random_.between<nanos>(0, 2) * second / 2;
      break;
    default:
      break;
    }
    group_.expire(instant(now_));
  }

  void act() {
    const std::uint64_t what = random_.below(100);
    const std::uint32_t child =
      random_.below(4) == 0 ? random_.between(0U, naive_.children - 1) : random_.between(0U, favourites_ - 1);
    if (what < 50)
      die(child, random_.chance(1, 12)  ? death_reason::finished
                 : random_.chance(1, 2) ? death_reason::threw
                                        : death_reason::killed);
    else if (what < 97)
      confirm(child);
    else if (what == 97 && random_.chance(1, 10))
      die(child, death_reason::fatal);
    else
      die(child, death_reason::not_started);
  }

  void die(std::uint32_t child, death_reason reason) {
    const supervisor_order order = group_.died({child}, reason, instant(now_));
    REQUIRE(order == naive_.died(child, reason, now_));
    ++deaths_;
  }

  /// One that waits is started, or cannot be; of several that wait for each other, the first.
  void confirm(std::uint32_t child) {
    for (std::uint32_t n = 0; n < naive_.children; ++n) {
      const std::uint32_t c = naive_.alone() ? (child + n) % naive_.children : n;
      if (!naive_.waiting(c))
        continue;
      if (random_.chance(1, 8))
        return die(c, death_reason::not_started);
      group_.started({c}, instant(now_));
      naive_.history.push_back({naive_kind::started, now_, c});
      return;
    }
    group_.started({child}, instant(now_)); // that nobody ordered: of no effect
  }

  /// Not by the model: no half-open window holds more restarts of a child than it may, neither ordered nor carried out.
  void check_limit() {
    if (naive_.policy.window == 0)
      return;
    for (std::uint32_t child = 0; child < naive_.children; ++child) {
      std::vector<nanos> ordered, carried_out;
      bool open = false;
      for (const naive_entry& e : naive_.history) {
        if (e.child == child && e.what == naive_kind::ordered) {
          check_window(ordered, e.at);
          open = true;
        } else if (e.child == child && e.what == naive_kind::started && open) {
          check_window(carried_out, e.at);
          open = false;
        }
      }
    }
  }

  void check_window(std::vector<nanos>& earlier, nanos now) {
    earlier.push_back(now);
    const auto in_window = std::count_if(earlier.begin(), earlier.end(), [&](nanos at) { return now - at < minute; });
    REQUIRE(in_window <= naive_.policy.most_restarts);
  }

  void check_counters() {
    const supervision_counters& c = group_.counters();
    const auto happened = [&](naive_kind what) {
      return static_cast<std::uint64_t>(std::count_if(naive_.history.begin(), naive_.history.end(),
                                                      [&](const naive_entry& e) { return e.what == what; }));
    };
    std::uint64_t told = 0, restarted = 0, children = 0;
    for (std::size_t i = 0; i < death_reason_count; ++i) {
      told += c.deaths[i];
      restarted += c.restarts[i];
    }
    for (const naive_entry& e : naive_.history)
      children += e.last - e.first;
    CHECK(told == deaths_);
    CHECK(restarted == happened(naive_kind::ordered));
    CHECK(c.children_restarted == children);
    CHECK(c.parked == happened(naive_kind::parked));
    CHECK(c.escalations == happened(naive_kind::escalated));
    CHECK(c.shut_downs == happened(naive_kind::shut_down));
    CHECK(told == restarted + c.parked + c.left);
  }

  seeded_random random_;
  naive_supervisor naive_;
  restart_policy policy_;
  supervisor_state group_;
  std::uint32_t favourites_; // that die most often
  nanos now_ = 0;
  std::uint64_t deaths_ = 0;
};

} // namespace

TEST_CASE("supervisor: V2, V3 one for one decides as a list of all deaths does, to the nanosecond") {
  std::uint64_t parkings = 0, escalations = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    CAPTURE(seed);
    trial one(seed, restart_strategy::one_for_one);
    one.run();
    parkings += one.parkings();
    escalations += one.escalations();
  }
  CHECK(parkings > 3000); // that it was about something
  CHECK(escalations > 300);
}

TEST_CASE("supervisor: V4 rest for one decides as a list of all deaths does") {
  std::uint64_t escalations = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    trial one(seed, restart_strategy::rest_for_one);
    one.run();
    escalations += one.escalations();
  }
  CHECK(escalations > 100);
}

TEST_CASE("supervisor: V5 one for all decides as a list of all deaths does") {
  std::uint64_t escalations = 0;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    trial one(seed, restart_strategy::one_for_all);
    one.run();
    escalations += one.escalations();
  }
  CHECK(escalations > 100);
}

TEST_CASE("supervisor: V13 100,000 deaths of one group at once, and its memory when they are over") {
  const restart_policy policy;
  supervisor_state group(policy, {200'000, 1});
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const child_index child{(i * 7919) % 100'000 * 2};
    REQUIRE(group.died(child, death_reason::threw, instant(second)).child == child_fate::restarted);
    group.started(child, instant(2 * second));
  }
  CHECK(group.remembered() == 100'000);
  group.expire(instant(62 * second));
  CHECK(group.remembered() == 0);
}
