#include "twins/appointments.hpp"

#include "tests/support/test_readings.hpp"
#include "twins/meter_twin.hpp"
#include "twins/settlement_inputs.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr std::int32_t lowest = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t highest = std::numeric_limits<std::int32_t>::max();

settlement_inputs::row<appointment> appointed_in(std::uint64_t meter, const period_range& range) {
  return {test_mpan(meter), quantity::active_import, {"DS1", range}};
}

std::vector<period_range> ranges_of(const appointed_ranges& ranges, std::uint32_t connection) {
  const auto span = ranges.of({connection});
  return {span.begin(), span.end()};
}

} // namespace

TEST_CASE("appointments: half-open ranges, compared with the half hour itself (VA-09)") {
  const std::vector<period_range> two{{10, 20}, {30, 31}};
  for (const auto& [number, inside] : std::vector<std::pair<std::int32_t, bool>>{{9, false},
                                                                                 {10, true},
                                                                                 {19, true},
                                                                                 {20, false},
                                                                                 {29, false},
                                                                                 {30, true},
                                                                                 {31, false},
                                                                                 {lowest, false},
                                                                                 {highest, false}}) {
    CAPTURE(number);
    CHECK(is_appointed(two, {number}) == inside);
  }
  CHECK(is_appointed({}, {5})); // nobody said anything of the meter
  const std::vector<period_range> open{{lowest, 20}};
  CHECK(is_appointed(open, {lowest}));
  CHECK(!is_appointed(open, {20}));
}

TEST_CASE("appointments: the ranges of a connection are those of its meter, with no seams") {
  estate e;
  e.connections = {test_connection(1), test_connection(2), test_connection(3),
                   test_connection(1), test_connection(4), test_connection(5)};
  settlement_inputs inputs;
  inputs.appointments = {appointed_in(1, {10, 20}),     appointed_in(1, {20, 30}),      appointed_in(1, {40, 50}),
                         appointed_in(3, {lowest, 20}), appointed_in(3, {20, highest}), appointed_in(4, {7, highest})};
  const appointed_ranges ranges(e, inputs);
  CHECK(!ranges.empty());
  CHECK(ranges_of(ranges, 0) == std::vector<period_range>{{10, 30}, {40, 50}});
  CHECK(ranges_of(ranges, 1).empty());
  CHECK(ranges_of(ranges, 2).empty()); // two services one after the other, for ever
  CHECK(ranges_of(ranges, 3) == ranges_of(ranges, 0));
  CHECK(ranges_of(ranges, 4) == std::vector<period_range>{{7, highest}});
  CHECK(ranges_of(ranges, 5).empty());
}

TEST_CASE("appointments: nothing is held where all are appointed always") {
  estate e;
  e.connections = {test_connection(1), test_connection(2)};
  settlement_inputs inputs;
  CHECK(appointed_ranges(e, inputs).empty());
  inputs.appointments = {appointed_in(1, {})};
  const appointed_ranges ranges(e, inputs);
  CHECK(ranges.empty());
  CHECK(ranges.of({0}).empty());
  CHECK(appointed_ranges().of({7}).empty());
}

TEST_CASE("appointments: a reading outside them is quarantined and leaves its twin as it was (ECS1001, VA-09)") {
  const std::vector<period_range> appointed{{1'000'010, 1'000'020}};
  const connection meter = test_connection();
  meter_twin twin;
  const auto assess = [&](std::int32_t number, const content& c) {
    return twin.assess({quantity::active_import, {number}, 1, c}, meter, {}, appointed).verdict;
  };
  CHECK(assess(1'000'009, actual_of(5)) == verdict::not_appointed);
  CHECK(assess(1'000'020, actual_of(5)) == verdict::not_appointed);
  CHECK(twin.days().empty());
  CHECK(assess(1'000'010, actual_of(5)) == verdict::accepted);
  CHECK(assess(1'000'019, actual_of(5)) == verdict::accepted);
  CHECK(is_quarantined(verdict::not_appointed));
  // In the contract's order: after what is wrong with the value, before the status of the meter.
  CHECK(assess(1'000'009, actual_of(-1)) == verdict::negative);
  connection off = meter;
  off.energised = false;
  CHECK(twin.assess({quantity::active_import, {1'000'009}, 1, estimate_of(5)}, off, {}, appointed).verdict
        == verdict::not_appointed);
}

TEST_CASE("appointments: a meter whose appointments end or begin is not usual") {
  connection meter;
  meter.mpan = test_mpan(1);
  REQUIRE(is_usual_meter(meter, {}));
  const std::vector<period_range> appointed{{10, highest}};
  CHECK(!is_usual_meter(meter, {}, appointed));
}
