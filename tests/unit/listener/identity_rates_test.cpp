#include "src/listener/identity_rates.hpp"

#include "src/listener/bounded_counts.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

namespace gridtwin::testing {

TEST_CASE("a bucket gives no more than its rate over any time") {
  rate_bucket bucket({1000, 5000});
  seeded_random random(5);
  std::int64_t now_us = 0;
  std::uint64_t taken = 0;
  for (int i = 0; i < 20'000; ++i) {
    now_us += random.between<std::int64_t>(0, 3000);
    const std::uint64_t wanted = random.between<std::uint64_t>(1, 20);
    if (bucket.take(wanted, now_us))
      taken += wanted;
    REQUIRE(taken <= 5000 + static_cast<std::uint64_t>(now_us) / 1000);
  }
  CHECK(taken > static_cast<std::uint64_t>(now_us) / 1000); // and not much less
  rate_bucket drained({1000, 5000});
  REQUIRE(drained.take(5000, 0));
  CHECK_FALSE(drained.take(100, 99'999));
  CHECK(drained.wait_us(100) > 0);
  CHECK(drained.take(100, 100'001));
  CHECK(drained.is_full(std::int64_t{1} << 62)); // however long it was
}

TEST_CASE("T17 rates: what one identity has used up is nobody else's") {
  identity_rates rates({10, 20});
  CHECK(rates.take("a", 20, 0) == 0);
  CHECK(rates.take("a", 1, 0) == 100'001);
  CHECK(rates.take("b", 20, 0) == 0);
  CHECK(rates.take("a", 1, 99'999) > 0);
  CHECK(rates.take("a", 1, 100'000) == 0);
}

TEST_CASE("T17 rates: of those that send no more nothing is kept, and nobody gains by it") {
  identity_rates rates({1, 2});
  REQUIRE(rates.take("a", 2, 0) == 0);
  for (int i = 0; i < 5000; ++i)
    REQUIRE(rates.take("other " + std::to_string(i), 1, 1000) == 0);
  CHECK(rates.take("a", 1, 2000) > 0); // swept were those that are full
}

TEST_CASE("counts: no more of each and in all than there may be, and what leaves makes room") {
  bounded_counts<std::string> counts(2, 3);
  CHECK(counts.enter("a"));
  CHECK(counts.enter("a"));
  CHECK_FALSE(counts.enter("a"));
  CHECK(counts.enter("b"));
  CHECK_FALSE(counts.enter("b")); // in all
  CHECK_FALSE(counts.enter("c"));
  counts.leave("c"); // has not entered
  CHECK_FALSE(counts.enter("c"));
  counts.leave("a");
  CHECK(counts.enter("c"));
}

} // namespace gridtwin::testing
