#include "src/process/repeating_thread.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <memory>

using namespace gridtwin;

TEST_CASE("repeating_thread: takes turn after turn, and none when it has ended") {
  using std::chrono::milliseconds;
  std::atomic<int> turns{0};
  std::latch three(3);
  auto thread = std::make_unique<repeating_thread>(repeating_thread::first::after_a_pause, milliseconds(1), [&] {
    if (++turns <= 3)
      three.count_down();
  });
  three.wait();
  thread.reset();
  CHECK(turns >= 3);
}

TEST_CASE("repeating_thread: the first turn is at once or after a pause, and a long pause holds up no end") {
  using std::chrono::hours;
  std::latch one(1);
  {
    const repeating_thread thread(repeating_thread::first::at_once, hours(1), [&] { one.count_down(); });
    one.wait();
  }
  std::atomic<int> turns{0};
  {
    const repeating_thread thread(repeating_thread::first::after_a_pause, hours(1), [&] { ++turns; });
  }
  CHECK(turns == 0);
}
