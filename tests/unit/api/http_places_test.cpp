#include "src/api/http_places.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridtwin;

namespace {

constexpr http_budget narrow{3, 2, {10, 5}};

peer_identity head_end(int n) { return {access_role::head_end, "h" + std::to_string(n)}; }
peer_identity reader(int n) { return {access_role::settlement, "s" + std::to_string(n)}; }

} // namespace

TEST_CASE("http places: T17 who brings takes no place of who reads, nor the other way round") {
  http_places places(narrow, narrow);
  for (int n = 0; n < 3; ++n)
    CHECK(places.enter(head_end(n)));
  CHECK_FALSE(places.enter(head_end(3)));
  for (int n = 0; n < 3; ++n)
    CHECK(places.enter(n == 0 ? peer_identity{access_role::operator_, "o"} : reader(n)));
  CHECK_FALSE(places.enter(reader(3)));
  places.leave(reader(1));
  CHECK_FALSE(places.enter(head_end(3)));
  CHECK(places.enter(reader(3)));
}

TEST_CASE("http places: T17 an identity has at most its own number of them") {
  http_places places(narrow, narrow);
  CHECK(places.enter(reader(1)));
  CHECK(places.enter(reader(1)));
  CHECK_FALSE(places.enter(reader(1)));
  CHECK(places.enter(reader(2)));
}

TEST_CASE("http places: T17 requests beyond an identity's rate wait, and nobody else's") {
  http_places places(narrow, http_budget{3, 2, {1, 1}});
  for (int i = 0; i < 5; ++i)
    CHECK(places.take_request(reader(1), 0) == 0);
  CHECK(places.take_request(reader(1), 0) == 100'001);
  CHECK(places.take_request(reader(2), 0) == 0);
  CHECK(places.take_request(reader(1), 100'001) == 0);
  CHECK(places.take_request(head_end(1), 0) == 0);
  CHECK(places.take_request(head_end(1), 0) == 1'000'001);
  // The same name in another role is another identity.
  CHECK(places.take_request({access_role::settlement, "h1"}, 0) == 0);
}
