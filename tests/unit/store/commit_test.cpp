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
