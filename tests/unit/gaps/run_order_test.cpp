#include "src/gaps/run_order.hpp"

#include <doctest/doctest.h>

namespace gridtwin {

TEST_CASE("run_order: a record that was found waiting is known to wait until its run is over, and no other record is") {
  run_order order;
  CHECK_FALSE(order.is_held(3, 10));
  order.held(3, 10, 1);
  CHECK(order.is_held(3, 10));
  CHECK_FALSE(order.is_held(3, 11)); // behind it
  CHECK_FALSE(order.is_held(4, 10));
  order.held(3, 25, 2); // the one before was told meanwhile
  CHECK_FALSE(order.is_held(3, 10));
  CHECK(order.is_held(3, 25));
  order.held(3, 7, 0); // of a run that is over
  CHECK_FALSE(order.is_held(3, 7));
}

} // namespace gridtwin
