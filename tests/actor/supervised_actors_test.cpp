#include "actors/supervised_actors.hpp"

#include "actors/actor_failure.hpp"
#include "tests/support/actor_fixture.hpp"

#include <caf/event_based_actor.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace gridtwin::testing {

namespace {

using namespace std::chrono_literals;

constexpr auto kill_reason = caf::exit_reason::kill;

/// Does nothing, or throws when it gets a message. A class, for the reason that `block_decoder` has.
class idle_child final : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    set_exception_handler(actor_failure);
    return {[](int) { throw std::runtime_error("planted"); }};
  }
};

/// Children, and what their supervision comes to, in its order.
struct family {
  family(const restart_policy& p, std::uint32_t children) : policy(p) {
    actors.emplace(policy, supervised_group{children, 1}, d.self, [this](child_index child) {
      made.push_back(child.value);
      return d.system.spawn<idle_child>();
    });
    for (std::uint32_t child = 0; child < children; ++child)
      actors->at({child});
    d.run();
    made.clear();
  }
  ~family() {
    actors.reset();
    d.run();
  }
  family(const family&) = delete;
  family& operator=(const family&) = delete;

  /// Takes the down messages that are there; what was ordered by each.
  std::vector<supervised_actors::death> deaths() {
    std::vector<supervised_actors::death> out;
    for (d.run(); d.self->has_next_message(); d.run()) // what it orders is carried out, too
      d.self->receive([&](const caf::down_msg& down) {
        auto death = actors->ended(down, now);
        REQUIRE(death);
        out.push_back(*death);
      });
    return out;
  }
  /// Starts whom orders say whose pause is over.
  void start_due() {
    for (const child_range& children : actors->due(now))
      actors->start_again(children, now);
  }
  void kill(std::uint32_t child) { caf::anon_send_exit(actors->handle({child}), kill_reason); }

  deterministic_system d;
  restart_policy policy;
  monotonic_time now{};
  std::vector<std::uint32_t> made; ///< since all were made the first time
  std::optional<supervised_actors> actors;
};

restart_policy steady(restart_strategy strategy) {
  restart_policy out;
  out.strategy = strategy;
  out.pauses = {};
  return out;
}

} // namespace

TEST_CASE("V11 an ordinary actor that ends is started again alone, as one that others can tell from it") {
  family f(timeless_parts, 3);
  const caf::actor first = f.actors->handle({1});
  f.kill(1);
  const auto deaths = f.deaths();
  REQUIRE(deaths.size() == 1);
  CHECK(deaths[0].child == child_index{1});
  CHECK(deaths[0].order == supervisor_order{child_fate::restarted, group_fate::goes_on, {{1}, 1}, 0s});
  CHECK(f.actors->is_gone({1}));
  CHECK_FALSE(f.actors->handle({1}));
  CHECK(f.actors->incarnation({1}) == 1); // as soon as it has ended
  f.actors->start_again(deaths[0].order.restart, f.now);
  CHECK(f.made == std::vector<std::uint32_t>{1});
  CHECK(f.actors->handle({1}) != first);
  CHECK(f.actors->gone().empty());
  CHECK(f.actors->incarnation({0}) == 0);
  CHECK(f.actors->restarts() == 1);
  CHECK(f.actors->counters().deaths[index_of(death_reason::killed)] == 1);
}

TEST_CASE("V19 an ordinary actor that threw is told from one that was ended") {
  family f(timeless_parts, 2);
  f.d.self->send(f.actors->handle({0}), 1);
  f.kill(1);
  CHECK(f.deaths().size() == 2);
  CHECK(f.actors->counters().restarts[index_of(death_reason::threw)] == 1);
  CHECK(f.actors->counters().restarts[index_of(death_reason::killed)] == 1);
}

TEST_CASE("V2 V12 a run ends over one of its parts that ends four times in a row, not over one that did well between") {
  family f(timeless_parts, 100);
  const auto end_once = [&f](std::uint32_t child) {
    f.kill(child);
    const auto deaths = f.deaths();
    REQUIRE(deaths.size() == 1);
    if (deaths[0].order.child == child_fate::restarted)
      f.actors->start_again(deaths[0].order.restart, f.now);
    return deaths[0].order.group;
  };
  for (int turn = 0; turn < 3; ++turn) {
    for (int n = 0; n < 3; ++n)
      CHECK(end_once(7) == group_fate::goes_on);
    f.actors->recovered({7});
  }
  for (std::uint32_t child = 20; child < 60; ++child)
    CHECK(end_once(child) == group_fate::goes_on); // many that end once are no reason
  for (int n = 0; n < 3; ++n)
    CHECK(end_once(7) == group_fate::goes_on);
  CHECK(end_once(7) == group_fate::shut_down); // one is enough
  CHECK(f.actors->is_gone({7}));
  CHECK(f.actors->counters().shut_downs == 1);
}

TEST_CASE("V4 rest for one: those behind an actor that ends are ended, and start with it in their order") {
  family f(steady(restart_strategy::rest_for_one), 4);
  const caf::actor before = f.actors->handle({0});
  f.kill(1);
  f.d.run();
  f.d.self->receive([&](const caf::down_msg& down) {
    const auto death = f.actors->ended(down, f.now);
    REQUIRE(death);
    CHECK(death->order.restart == child_range{{1}, 3});
    CHECK_FALSE(f.actors->are_gone(death->order.restart)); // they have been told
  });
  for (const auto& [child, order] : f.deaths()) // which is what the order brings about, and charged to nobody
    CHECK(order == supervisor_order{});
  CHECK(f.actors->are_gone({{1}, 3}));
  f.actors->start_again({{1}, 3}, f.now);
  CHECK(f.made == std::vector<std::uint32_t>{1, 2, 3});
  CHECK(f.actors->handle({0}) == before);
  CHECK(f.actors->counters().left == 2);
  CHECK(f.deaths().empty());
}

TEST_CASE("V5 one for all: no actor of a group outlives another, and the limit is the group's") {
  family f(steady(restart_strategy::one_for_all), 3);
  for (int n = 0; n < 4; ++n) {
    f.kill(2);
    group_fate fate = group_fate::goes_on;
    for (const auto& [child, order] : f.deaths())
      if (order.group != group_fate::goes_on)
        fate = order.group;
    CHECK(fate == (n == 3 ? group_fate::escalated : group_fate::goes_on));
    CHECK(f.actors->are_gone({{0}, 3})); // also where nobody is started again
    if (n < 3)
      f.actors->start_again({{0}, 3}, f.now);
  }
  CHECK(f.made == std::vector<std::uint32_t>{0, 1, 2, 0, 1, 2, 0, 1, 2});
  CHECK(f.actors->counters().escalations == 1);
}

TEST_CASE("V4 rest for one with pauses: nobody starts before all are gone and the pause is over, which grows") {
  restart_policy policy = steady(restart_strategy::rest_for_one);
  policy.pauses = quick_backoff;
  family f(policy, 4);
  const monotonic_time began = f.now;
  CHECK_FALSE(f.actors->next_due(f.now));
  for (const std::chrono::nanoseconds least : {0ms, 100ms, 1000ms}) {
    f.made.clear();
    const monotonic_time died = f.now;
    f.kill(2);
    f.d.run();
    f.d.self->receive([&](const caf::down_msg& down) { REQUIRE(f.actors->ended(down, f.now)); });
    const monotonic_time due = f.actors->next_due(f.now).value_or(f.now);
    CHECK(due - died >= least);
    CHECK(due - died <= least + least / 4);
    CHECK(f.actors->due(due).empty()); // the pause is over, but the sibling behind it has not ended yet
    CHECK(f.deaths().size() == 1);
    if (least > 0ms) {
      CHECK(f.actors->due(due - 1ns).empty());
    }
    f.now = due;
    f.start_due();
    CHECK(f.made == std::vector<std::uint32_t>{2, 3});
    CHECK_FALSE(f.actors->next_due(f.now));
    f.start_due();
    CHECK(f.made.size() == 2); // an order is carried out once
  }
  CHECK(f.actors->counters().delayed == 2);
  f.now = began + 2min; // what is behind the window is forgiven, and waits for nothing
  f.kill(2);
  CHECK(f.deaths().size() == 2);
  CHECK(f.actors->due(f.now) == std::vector<child_range>{{{2}, 2}});
}

TEST_CASE("V4 rest for one: whoever ends before it, while others wait, has them wait with it, and no shorter") {
  restart_policy policy = steady(restart_strategy::rest_for_one);
  policy.pauses = {{100ms, 1s}, 2, 0};
  family f(policy, 4);
  f.kill(2);
  f.deaths();
  f.now += 60ms;
  f.kill(1);
  f.deaths();
  CHECK(f.actors->next_due(f.now) == f.now + 100ms); // one order in place of two
  f.now += 40ms;                                     // when the first would have been due
  f.start_due();
  CHECK(f.made.empty());
  f.now += 60ms;
  f.start_due();
  CHECK(f.made == std::vector<std::uint32_t>{1, 2, 3});
}

TEST_CASE("V4 V12 rest for one that is given up starts nobody, nor those who waited for their pause") {
  restart_policy policy = steady(restart_strategy::rest_for_one);
  policy.child.most_restarts = 1;
  policy.pauses = {{100ms}, 1, 0};
  family f(policy, 4);
  f.kill(0);
  f.deaths();
  f.now += 100ms;
  f.start_due();
  f.made.clear();
  f.kill(2);
  f.deaths();
  CHECK(f.actors->next_due(f.now) == f.now + 100ms);
  f.kill(0);
  f.deaths();
  CHECK(f.actors->counters().escalations == 1);
  CHECK(f.actors->are_gone({{0}, 4}));
  CHECK_FALSE(f.actors->next_due(f.now));
  f.now += 1h;
  f.start_due();
  CHECK(f.made.empty());
}

TEST_CASE("V2 V13 one for one with pauses: each waits for itself") {
  restart_policy policy = steady(restart_strategy::one_for_one);
  policy.pauses = {{100ms}, 1, 1000};
  family f(policy, 5);
  for (std::uint32_t child = 0; child < 5; ++child)
    f.kill(child);
  CHECK(f.deaths().size() == 5);
  std::vector<std::chrono::nanoseconds> waited;
  const monotonic_time began = f.now;
  while (const auto due = f.actors->next_due(f.now)) {
    waited.push_back(*due - began);
    f.now = *due;
    f.start_due();
    CHECK(f.made.size() == waited.size()); // chance has set them apart
  }
  CHECK(waited.size() == 5);
  CHECK(waited.front() >= 100ms);
  CHECK(waited.back() <= 200ms);
}

TEST_CASE("V5 V12 one for all that is given up starts nobody any more") {
  restart_policy policy = steady(restart_strategy::one_for_all);
  policy.child.most_restarts = 1;
  policy.pauses = {{100ms}, 1, 0};
  family f(policy, 3);
  f.kill(1);
  CHECK(f.deaths().size() == 3);
  f.now += 100ms;
  f.start_due();
  CHECK(f.made == std::vector<std::uint32_t>{0, 1, 2});
  f.kill(2);
  f.d.run();
  f.d.self->receive([&](const caf::down_msg& down) {
    const auto death = f.actors->ended(down, f.now);
    REQUIRE(death);
    CHECK(death->order.group == group_fate::goes_on); // another child's first end
  });
  f.deaths();
  f.now += 100ms;
  f.start_due();
  f.kill(1);
  group_fate fate = group_fate::goes_on;
  for (const auto& [child, order] : f.deaths())
    if (order.group != group_fate::goes_on)
      fate = order.group;
  CHECK(fate == group_fate::escalated);
  CHECK(f.actors->are_gone({{0}, 3}));
  f.made.clear();
  f.now += 1h;
  f.start_due();
  CHECK(f.made.empty());
  CHECK(f.actors->counters().escalations == 1);
}

} // namespace gridtwin::testing
