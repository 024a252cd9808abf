#include "actors/reading_group.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <initializer_list>
#include <thread>
#include <utility>
#include <vector>

using namespace gridtwin;

namespace {

reading_batch batch_of(std::initializer_list<std::uint32_t> transformers) {
  reading_batch out;
  for (const std::uint32_t t : transformers)
    out.slices.push_back({{t}, 0});
  return out;
}

reading_group group_of(std::initializer_list<std::initializer_list<std::uint32_t>> slices) {
  std::vector<reading_batch> batches;
  for (const auto& transformers : slices)
    batches.push_back(batch_of(transformers));
  return {7, std::move(batches), std::vector<kept_reject>(3)};
}

} // namespace

TEST_CASE("reading_group: a part for each transformer of any batch, in their order") {
  reading_group group = group_of({{2, 5, 9}, {1, 5}, {}});
  CHECK(group.number() == 7);
  REQUIRE(group.transformers().size() == 4);
  const std::vector<std::uint32_t> expected{1, 2, 5, 9};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(group.transformers()[i].value == expected[i]);
    group.part_of({expected[i]}).counts.rounded = expected[i];
  }
  for (const std::uint32_t t : {9U, 1U, 5U})
    CHECK(!group.finish(group.part_of({t})));
  CHECK(!group.finished({2}));
  CHECK(group.finished({5}));
  CHECK(group.finish(group.part_of({2})));
  const std::vector<assessed_part> parts = group.take_parts();
  CHECK(group.finished({2})); // asked for while the parts are committed
  REQUIRE(parts.size() == 4);
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(parts[i].counts.rounded == expected[i]);
  CHECK(group.take_rejects().size() == 3);
}

TEST_CASE("reading_group: no transformer, no part; whoever finishes last is told so, on whatever thread") {
  CHECK(group_of({}).transformers().empty());
  CHECK(group_of({{}}).transformers().empty());
  for (int round = 0; round < 200; ++round) {
    reading_group group = group_of({{0, 1, 2, 3}});
    std::atomic<int> last{0};
    const auto work = [&](std::uint32_t first) {
      for (const std::uint32_t t : {first, first + 1}) {
        group.part_of({t}).counts.rounded = 1;
        last += group.finish(group.part_of({t})) ? 1 : 0;
      }
    };
    std::thread other(work, 0);
    work(2);
    other.join();
    CHECK(last == 1);
  }
}
