#include "twins/publication.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using namespace gridtwin;

TEST_CASE("publication: AG-04 four of five are suppressed, five are published") {
  CHECK(suppression_of({4, 0, false}, default_privacy_floor) == suppression::too_few);
  CHECK(suppression_of({5, 0, false}, default_privacy_floor) == suppression::none);
  CHECK(suppression_of({0, 9, false}, default_privacy_floor)
        == suppression::too_few); // reactive hides no active import
  CHECK(suppression_of({5, 0, false}, 6) == suppression::too_few);
  CHECK(suppression_of({3, 0, false}, least_privacy_floor) == suppression::none);
}

TEST_CASE("publication: AG-04 the reason says the floor and never the count") {
  const std::string reason = reason_of(suppression_of({4, 0, false}, 5), 5);
  CHECK(reason == "fewer-than-5-devices");
  for (std::uint32_t count = 0; count < 5; ++count)
    CHECK(reason_of(suppression_of({count, 7, false}, 5), 5) == reason);
  CHECK(reason_of(suppression::none, 5).empty());
  CHECK(reason_of(suppression::too_few, 12) == "fewer-than-12-devices");
}

TEST_CASE("publication: AG-04 reactive import has a floor of its own") {
  CHECK(suppression_of({5, 4, false}, 5) == suppression::reactive_too_few);
  CHECK(suppression_of({5, 5, false}, 5) == suppression::none);
  CHECK(reason_of(suppression::reactive_too_few, 5) == "reactive-fewer-than-5-devices");
}

TEST_CASE("publication: VA-12 a quarantined half hour is not published, and of too few not even that is said") {
  CHECK(suppression_of({5, 5, true}, 5) == suppression::over_maximum);
  CHECK(suppression_of({5, 4, true}, 5) == suppression::over_maximum);
  CHECK(suppression_of({4, 4, true}, 5) == suppression::too_few);
  CHECK(reason_of(suppression::over_maximum, 5) == "feeder-over-maximum");
}
