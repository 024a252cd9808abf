#include "supervision/watchdog.hpp"

#include "tests/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <future>

namespace gridtwin {

using finding = stuck_reading::finding;

TEST_CASE("V8 a reading that stays in hand is slow, then stuck; each is said once") {
  stuck_reading seen({100, 3, 5});
  CHECK(seen.look(7) == finding::fine);
  CHECK(seen.look(7) == finding::fine);
  CHECK(seen.look(7) == finding::fine);
  CHECK(seen.look(7) == finding::slow);
  CHECK(seen.look(7) == finding::fine);
  CHECK(seen.look(7) == finding::stuck);
  CHECK(seen.look(7) == finding::fine);
  for (int i = 0; i < 20; ++i)
    CHECK(seen.look(7) == finding::fine);
}

TEST_CASE("V8 what goes on, ends or waits is never stuck") {
  stuck_reading seen({100, 2, 4});
  for (std::uint64_t turn = 0; turn < 50; ++turn)
    CHECK(seen.look(0) == finding::fine);
  for (std::uint64_t turn = 0; turn < 50; ++turn)
    CHECK(seen.look(turn / 2) == finding::fine); // another reading every second look
  for (int turn = 0; turn < 50; ++turn)
    CHECK(seen.look(turn % 2 == 0 ? 9 : 0) == finding::fine);
}

TEST_CASE("V8 the watchdog tells of the reading that a thread does not come back from") {
  const testing::temporary_folder folder;
  auto marker = in_flight_marker_file::make(folder.path() / "in-flight");
  REQUIRE(marker);
  marker->mine()->open(1, "reads.csv");
  marker->mine()->hold(12, 4);
  std::promise<reading_place> slow;
  std::promise<reading_place> stuck;
  {
    watchdog dog(*marker, {1, 2, 4}, [&](const reading_place& place, finding what) {
      (what == finding::slow ? slow : stuck).set_value(place);
    });
    CHECK(slow.get_future().get() == reading_place{"reads.csv", 12, 4});
    CHECK(stuck.get_future().get() == reading_place{"reads.csv", 12, 4});
  }
}

} // namespace gridtwin
