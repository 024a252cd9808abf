#include "twins/counter_random.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>

using namespace gridtwin;

// Steele, Lea, Flood 2014; the numbers are those of Vigna's splitmix64.c from the state 1234567.
TEST_CASE("counter random: place by place the sequence of splitmix64") {
  constexpr std::uint64_t expected[] = {6457827717110365317U, 3203168211198807973U, 9817491932198370423U,
                                        4593380528125082431U, 16408922859458223821U};
  for (std::size_t i = 5; i-- > 0;) // in any order
    CHECK(draw(1234567, i) == expected[i]);
}

TEST_CASE("counter random: numbers below a bound reach its ends and no further") {
  CHECK(below(0, 7) == 0);
  CHECK(below(~std::uint64_t{0}, 7) == 6);
  CHECK(below(~std::uint64_t{0}, 1) == 0);
  CHECK(below(~std::uint64_t{0}, 0xFFFFFFFFU) == 0xFFFFFFFEU);
}
