#include "src/store/commit.hpp"

#include <doctest/doctest.h>

using namespace gridtwin;

TEST_CASE("commit: keys of days ascend by day and then by transformer") {
  CHECK(day_key({1}, {0}) > day_key({0}, {0xFFFF'FFFF}));
  CHECK(day_key({0}, {0}) > day_key({-1}, {0xFFFF'FFFF}));
  CHECK(day_key({5}, {7}) < day_key({5}, {8}));
  for (const std::int32_t day : {-100'000, -1, 0, 1, 84'005})
    for (const std::uint32_t t : {0U, 1U, 0xFFFF'FFFFU}) {
      const std::int64_t key = day_key({day}, {t});
      CHECK((key >> 32) == day);
      CHECK(static_cast<std::uint32_t>(key) == t);
    }
}

TEST_CASE("commit: causes of dead letters have names that are read again") {
  CHECK(name_of(letter_cause::threw) == "threw");
  CHECK(name_of(letter_cause::process_died) == "process-died");
  CHECK(name_of(letter_cause::twin_parked) == "twin-parked");
  for (std::size_t i = 0; i < letter_cause_count; ++i)
    CHECK(parse_letter_cause(name_of(static_cast<letter_cause>(i))) == static_cast<letter_cause>(i));
  for (const char* const other : {"", "Threw", "threw ", "parked"})
    CHECK(!parse_letter_cause(other));
}
