#include "supervision/child_ledger.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>

using namespace gridtwin;
using namespace std::chrono_literals;

namespace {

const monotonic_time start{1000s};
constexpr child_index child{7};

} // namespace

TEST_CASE("child ledger: of a child that is restarted for ever no more is kept than is told apart") {
  child_ledger ledger({time_window::unlimited}, 3);
  for (int i = 0; i < 10; ++i) {
    ledger.order_restart(child, start + i * 1s);
    CHECK(ledger.restarts(child, start + i * 1s) == (i < 3 ? static_cast<std::uint32_t>(i + 1) : 3));
    ledger.started(child, start + i * 1s);
  }
  child_ledger windowed({10s}, 3); // it is the latest that are kept
  for (int i = 0; i < 10; ++i)
    windowed.order_restart(child, start + i * 1s);
  CHECK(windowed.restarts(child, start + 16s) == 3);
  CHECK(windowed.restarts(child, start + 17s) == 2);
  CHECK(windowed.restarts(child, start + 19s) == 0);
}

TEST_CASE("child ledger: a restart that is due before an earlier one, by jitter, does not shorten what is remembered") {
  child_ledger ledger({60s}, 3);
  ledger.order_restart(child, start + 10s);
  ledger.order_restart(child, start + 5s);
  ledger.started(child, start + 5s);
  ledger.expire(start + 69s);
  CHECK(ledger.restarts(child, start + 69s) == 2);
  ledger.expire(start + 70s);
  CHECK(ledger.size() == 0);
}

TEST_CASE("child ledger: who waits is not forgotten, however long") {
  child_ledger ledger({60s}, 3);
  ledger.order_restart(child, start);
  ledger.expire(start + 1h);
  CHECK(ledger.waiting(child));
  CHECK(ledger.size() == 1);
  ledger.started(child, start + 1h);
  CHECK(ledger.restarts(child, start + 1h) == 1);
}

TEST_CASE("child ledger: parking forgets restarts, and is not forgotten") {
  child_ledger ledger({60s}, 3);
  ledger.order_restart(child, start);
  ledger.started(child, start);
  ledger.park(child);
  ledger.park(child); // once is enough
  ledger.expire(start + 1h);
  CHECK(ledger.parked(child));
  CHECK(ledger.parked() == 1);
  CHECK(ledger.restarts(child, start) == 0);
}
