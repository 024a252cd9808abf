#include "src/api/event_position.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridtwin;

TEST_CASE("event_position: one text a position, there and back") {
  event_position some;
  CHECK(to_string(some) == "-");
  some.set(7, {3, 0});
  some.set(5, {120, 37});
  some.set(63, {(std::int64_t{1} << 40) - 1, 0});
  CHECK(to_string(some) == "5:120.37,7:3,63:1099511627775");
  const auto read = parse_event_position(to_string(some));
  REQUIRE(read);
  CHECK(*read == some);
  CHECK(*parse_event_position("") == event_position());
  CHECK(*parse_event_position("-") == event_position());
}

TEST_CASE("event_position: what is no position, or another way to write one, is refused") {
  for (const std::string text : {"5",
                                 "5:",
                                 ":5",
                                 "5:0",
                                 "5:-1",
                                 "5:+1",
                                 "05:1",
                                 "5:01",
                                 "5:1.",
                                 "5:1.0",
                                 "5:1.01",
                                 "64:1",
                                 "5:1,5:2",
                                 "7:1,5:1",
                                 "5:1,",
                                 ",5:1",
                                 "5:1,,7:1",
                                 "5:1 ",
                                 " 5:1",
                                 "5:1;7:1",
                                 "5:1099511627776",
                                 "5:1.4294967296",
                                 "--",
                                 "-,5:1"}) {
    CAPTURE(text);
    const auto read = parse_event_position(text);
    CHECK(!read);
  }
}
