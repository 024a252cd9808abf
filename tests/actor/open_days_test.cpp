#include "actors/hosted_twins.hpp"
#include "actors/open_days.hpp"
#include "tests/support/actor_fixture.hpp"

#include <doctest/doctest.h>

#include <vector>

namespace gridtwin::testing {

TEST_CASE("completing an old day makes no twin forget a newer one that is not durable") {
  deterministic_system s;
  memory_days days;
  const auto run = run_of(small_estate(2), days);
  hosted_twins twins(*run, run->estate->connections, s.system, caf::actor_cast<caf::actor>(s.self));
  const std::vector<utc_day> stored{test_day};
  open_days open(*run, {0}, stored, {});
  const std::vector<std::uint32_t> places{0, 1};
  REQUIRE(open.open(test_day, places, 1, twins)); // group 1 used the old day, and is durable
  run->committed_group = 1;
  const utc_day newer{test_day.number + 1}; // group 2 used a newer one, and is not
  twins.at(0).restore(newer, quantity::active_import, 3, 1, {500, actual, {}}, true);
  open.use(open.days()[newer], 0, 2);
  REQUIRE(open.open_all(test_day, twins)); // as when a run ends, while its last groups are committed
  open.release(2, twins);
  CHECK(twins.at(0).holds(newer));
  run->committed_group = 2;
  open.release(3, twins);
  CHECK_FALSE(twins.at(0).holds(newer));
  twins.terminate(caf::exit_reason::user_shutdown, nullptr);
}

} // namespace gridtwin::testing
