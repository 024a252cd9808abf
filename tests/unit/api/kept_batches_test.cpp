#include "src/api/kept_batches.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

struct some_batch {
  std::int64_t last_offset = 0;
};

} // namespace

TEST_CASE("kept_batches: all shards together keep no more events than they may, but for the last one alone") {
  seeded_random dice(3);
  kept_batches<some_batch> kept(100);
  for (int i = 0; i < 1000; ++i) {
    const auto shard = static_cast<std::uint32_t>(dice.below(64));
    const std::size_t events = dice.chance(1, 20) ? 100 + dice.below(1000) : dice.below(60);
    const some_batch& is_there = kept.keep(shard, i, {i + 2}, events);
    CHECK(is_there.last_offset == i + 2);
    CHECK(kept.find(shard, i) == &is_there);
    CHECK(kept.find(shard, i + 1) == &is_there); // in the middle of it
    CHECK(kept.find(shard, i + 2) == nullptr);
    CHECK(kept.events() <= std::max<std::size_t>(100, events));
  }
}

TEST_CASE("kept_batches: the one that was wanted longest ago is let go, and of a shard the one before") {
  kept_batches<some_batch> kept(100);
  kept.keep(1, 0, {10}, 40);
  kept.keep(2, 0, {10}, 40);
  CHECK(kept.find(1, 5) != nullptr);
  kept.keep(3, 0, {10}, 40);
  CHECK(kept.find(1, 5) != nullptr);
  CHECK(kept.find(2, 5) == nullptr);
  kept.keep(1, 10, {20}, 40, 7);
  CHECK(kept.find(1, 5) == nullptr);
  CHECK(kept.find(1, 15) == nullptr); // it was made for another
  CHECK(kept.find(1, 15, 7) != nullptr);
  CHECK(kept.events() == 80);
}
