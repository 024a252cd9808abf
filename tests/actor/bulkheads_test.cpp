// What stands still holds up what waits for it, and nothing else.

#include "src/wire/session_registry.hpp"
#include "tests/support/run_fixture.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace gridtwin::testing {

namespace {

std::atomic<bool> released{false};
std::atomic<int> held_up{0};

void stand_still() {
  ++held_up;
  while (!released)
    std::this_thread::yield();
}

} // namespace

TEST_CASE("V14 a commit that does not come back holds up no twin: all of them answer meanwhile") {
  seeded_random random(3);
  const auto groups = random_groups(random, 4);
  const store_fixture store;
  system_config config(caf::atom("sharing"));
  config.set("scheduler.max-threads", std::size_t{1}); // the writer's is its own
  caf::actor_system system(config);
  run_under_test run(system, store);
  released = false;
  held_up = 0;
  run.context().before_commit = stand_still;
  std::size_t asked = 0;
  std::size_t answered = 0;
  run.before_step = [&] {
    if (held_up == 0 || released)
      return;
    caf::scoped_actor self(system);
    for (std::uint32_t c = 0; c < 18; ++c) {
      const caf::actor& host = run.transformers().handle({c / 6});
      if (!host)
        continue; // nothing of its meters has come yet
      ++asked;
      self->request(host, std::chrono::seconds(60), twin_query{c % 6})
        .receive(
          [&](const caf::actor& twin) {
            self->request(twin, std::chrono::seconds(60), state_query{})
              .receive([&](const meter_state&) { ++answered; }, [](const caf::error&) {});
          },
          [](const caf::error&) {});
    }
    released = true;
  };
  const auto outcome = run.drive(groups);
  REQUIRE(!outcome.stopped_by);
  CHECK(asked >= 6);
  CHECK(answered == asked);
  CHECK(outcome.acknowledged == groups.size());
  CHECK(outcome.supervision.transformer_restarts == 0);
}

TEST_CASE("V14 who floods takes nothing of what others may send") {
  session_registry registry({48, 96});
  constexpr std::int64_t now = 1'000'000;
  std::uint64_t refused = 0;
  for (int batch = 0; batch < 100; ++batch)
    refused += registry.take_rate("flooding", 48, now) > 0 ? 1 : 0;
  CHECK(refused == 98);
  for (const char* const other : {"head-end-1", "head-end-2"}) {
    CHECK(registry.take_rate(other, 48, now) == 0);
    CHECK(registry.take_rate(other, 48, now) == 0);
  }
}

} // namespace gridtwin::testing
