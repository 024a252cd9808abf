#include "src/verify/reading_sum.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace gridtwin {

namespace {

stored_reading a_reading() {
  stored_reading r;
  r.twin = {7};
  r.day = {20'000};
  r.slot = 11;
  r.content.wh = 250;
  r.source = 3;
  r.line = 99;
  return r;
}

reading_sum sum_of(const std::vector<stored_reading>& readings, transformer_number t = {1}) {
  reading_sum out;
  for (const stored_reading& r : readings)
    out.add(t, r);
  return out;
}

} // namespace

TEST_CASE("a sum of readings does not depend on their order or on where they came from") {
  stored_reading other = a_reading();
  other.slot = 12;
  CHECK(sum_of({a_reading(), other}) == sum_of({other, a_reading()}));
  CHECK(sum_of({a_reading(), other}).count() == 2);
  stored_reading elsewhere = a_reading();
  elsewhere.source = 4;
  elsewhere.line = 1;
  CHECK(sum_of({elsewhere}) == sum_of({a_reading()}));
}

TEST_CASE("whatever a reading says, and where it belongs, is in the sum") {
  const reading_sum before = sum_of({a_reading()});
  std::vector<stored_reading> others(9, a_reading());
  others[0].twin.value = 8;
  others[1].day.number = 20'001;
  others[2].slot = 12;
  others[3].quantity = quantity::active_export;
  others[4].version = 2;
  others[5].content.wh = 251;
  others[6].content.quality.code = 1;
  others[7].content.reasons.estimation = 2;
  others[8].content.reasons.amendment = 'A';
  for (const stored_reading& r : others)
    CHECK(sum_of({r}) != before);
  CHECK(sum_of({a_reading()}, {2}) != before);
  CHECK(sum_of({a_reading(), a_reading()}) != before); // twice is not once
  CHECK(sum_of({}) != before);
}

} // namespace gridtwin
