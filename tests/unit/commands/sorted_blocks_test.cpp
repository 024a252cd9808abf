#include "src/commands/sorted_blocks.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using namespace gridtwin;
using gridtwin::testing::seeded_random;

namespace {

using block = std::pair<sorted_blocks::key, std::string>;

std::vector<block> all_of(sorted_blocks& blocks) {
  std::vector<block> out;
  REQUIRE(blocks.for_each([&](const sorted_blocks::key& k, std::string_view bytes) -> result<void> {
    out.emplace_back(k, std::string(bytes));
    return {};
  }));
  return out;
}

} // namespace

TEST_CASE("sorted_blocks: come back by meter, rank and place, and equals in the order in which they came") {
  seeded_random random(77);
  sorted_blocks blocks;
  std::vector<block> expected;
  for (int n = 0; n < 2'000; ++n) {
    const sorted_blocks::key k{
      {random.below(50)}, static_cast<std::uint8_t>(random.below(4)), static_cast<std::uint8_t>(random.below(3))};
    const std::string bytes(random.below(20), static_cast<char>('a' + n % 26));
    blocks.add(k, bytes);
    expected.emplace_back(k, bytes);
    if (random.chance(1, 7))
      REQUIRE(blocks.keep());
  }
  REQUIRE(blocks.keep());
  std::stable_sort(expected.begin(), expected.end(), [](const block& a, const block& b) { return a.first < b.first; });
  CHECK(all_of(blocks) == expected);
  sorted_blocks none;
  CHECK(all_of(none).empty());
}

TEST_CASE("sorted_blocks: what does not fit into memory comes back from the file") {
  sorted_blocks blocks;
  const std::string large(std::size_t{1} << 20, 'x');
  const std::uint64_t count = spool::memory_limit / large.size() + 3;
  for (std::uint64_t n = 0; n < count; ++n) {
    blocks.add({{count - n}, 0, 0}, large + std::to_string(n));
    REQUIRE(blocks.keep());
  }
  std::uint64_t n = count;
  const auto read = blocks.for_each([&](const sorted_blocks::key& k, std::string_view bytes) -> result<void> {
    --n;
    CHECK(k.mpan.number == count - n);
    CHECK(bytes == large + std::to_string(n));
    return n == 1 ? result<void>(error{errc::interrupted, "enough"}) : result<void>();
  });
  REQUIRE(!read);
  CHECK(read.failure().message == "enough");
  CHECK(n == 1);
}
