#include "supervision/supervisor_state.hpp"

#include <doctest/doctest.h>

#include <cstdint>

using namespace gridtwin;

namespace {

constexpr auto threw = death_reason::threw;
const supervisor_order parked_alone{child_fate::parked, group_fate::goes_on, {}, {}};

supervisor_order restart_of(child_range range) { return {child_fate::restarted, group_fate::goes_on, range, {}}; }

} // namespace

TEST_CASE("supervisor: without time a child's restarts count at once, until it has handled something well") {
  supervisor_state group(timeless_restarts, {100, 1});
  const auto fail_three_times = [&group](child_index child) {
    for (int i = 0; i < 3; ++i) {
      CHECK(group.died(child, threw, {}) == restart_of({child, 1}));
      group.started(child, {});
    }
  };
  for (int turn = 0; turn < 5; ++turn) {
    fail_three_times({7});
    CHECK(group.remembered() == 1);
    group.recovered({7});
    CHECK(group.remembered() == 0);
  }
  fail_three_times({7});
  CHECK(group.died({7}, threw, {}) == parked_alone);
  group.recovered({7}); // said of one that is not there
  CHECK(group.parked({7}));
}

TEST_CASE("V3 supervisor: without time a group escalates once, by all that were parked in the run") {
  supervisor_state group(timeless_restarts, {100, 1});
  int escalations = 0;
  for (std::uint32_t child = 0; child < 30; ++child)
    for (int i = 0; i < 4; ++i) {
      const supervisor_order order = group.died({child}, threw, {});
      escalations += order.group == group_fate::escalated ? 1 : 0;
      CHECK((order.group == group_fate::escalated) == (child == 5 && i == 3)); // the sixth of a hundred
      if (order.child == child_fate::restarted)
        group.started({child}, {});
    }
  CHECK(escalations == 1);
  CHECK(group.take_counters().parked == 30);
  CHECK(group.take_counters() == supervision_counters{});
}

TEST_CASE("supervisor: V3 a new supervisor of a group goes on from what the one before it had parked") {
  const auto park = [](supervisor_state& group, child_index child) {
    supervisor_order last;
    for (int n = 0; n < 4; ++n) {
      last = group.died(child, death_reason::threw, {});
      if (last.child == child_fate::restarted)
        group.started(child, {});
    }
    return last.group;
  };
  supervisor_state below(timeless_restarts, {40, 0});
  below.resume_parked({0}, {});
  below.resume_parked({1}, {});
  CHECK(below.parked({1}));
  CHECK(below.counters() == supervision_counters{});
  CHECK(park(below, {2}) == group_fate::escalated); // the third of 40 is more than 5 %
  supervisor_state over(timeless_restarts, {40, 0});
  for (std::uint32_t child = 0; child < 3; ++child)
    over.resume_parked({child}, {});
  CHECK(over.counters() == supervision_counters{});
  CHECK(park(over, {3}) == group_fate::goes_on); // it was said then
}
