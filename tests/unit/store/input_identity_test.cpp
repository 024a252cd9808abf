#include "src/store/input_identity.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridtwin;

TEST_CASE("input_identity: tells inputs apart by their text and what they were taken for, and by nothing else") {
  const kept_reject input{1, 5, 0, verdict::negative, "meter", "AI", "2026-03-01T00:30:00Z", "detail", "raw"};
  kept_reject other{2, 6, 1, verdict::negative, "meter", "AI", "2026-03-01T00:30:00Z", "another", "raw"};
  CHECK(identity_of(other) == identity_of(input));
  for (std::string* text : {&other.meter, &other.quantity, &other.period_end, &other.raw}) {
    const std::string before = *text;
    *text += 'x';
    CHECK(identity_of(other) != identity_of(input));
    *text = before;
  }
  other.verdict = verdict::twin_failed;
  CHECK(identity_of(other) != identity_of(input));
  // Stores hold it: the same for good.
  CHECK(identity_of(input) == 608'612'812'796'490'003);
}
