#include "src/store/day_summary.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const utc_day some_day{20'000};
const std::vector<estate_row> rows{{"T1", "F1", 1}, {"T1", "F1", 2}, {"T1", "F2", 3},
                                   {"T1", "F2", 4}, {"T1", "F3", 5}, {"T2", "F1", 6}};

/// The twins of the first transformer, with slots in no particular order.
struct some_twins {
  estate of = make_estate(rows);
  std::vector<connection> meters;
  std::vector<meter_twin> twins;
  std::vector<const meter_twin*> views;
  std::vector<twin_slot> slots;

  some_twins() {
    for (const connection& c : of.connections)
      if (of.transformer_of(c).value == 0)
        meters.push_back(c);
    twins.resize(meters.size());
    for (const meter_twin& twin : twins)
      views.push_back(&twin);
    const std::vector<twin_slot> given{{7}, {0}, {3}, {70'000}, {1}};
    slots.assign(given.begin(), given.end());
  }
  transformer_twins view() const { return {{0}, meters, views, slots}; }
};

bool same(const day_node& a, const day_node& b) {
  return a.hash == b.hash && a.wh == b.wh && a.meters == b.meters && a.periods == b.periods;
}

bool same(const transformer_nodes& a, const transformer_nodes& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].has_value() != b[i].has_value() || (a[i] && !same(*a[i], *b[i])))
      return false;
  return true;
}

using mask_rows = std::map<std::pair<std::uint32_t, quantity>, std::uint64_t>;

mask_rows decoded(const std::string& bytes) {
  mask_rows out;
  REQUIRE(decode_masks(bytes, [&](twin_slot slot, quantity q, std::uint64_t mask) { out[{slot.value, q}] = mask; }));
  return out;
}

} // namespace

TEST_CASE("day_summary: nodes hold feeders and meters that have a value in the order of the estate") {
  some_twins t;
  t.twins[1].restore(some_day, quantity::active_import, 0, 1, actual_of(10), false);
  t.twins[0].restore(some_day, quantity::active_import, 47, 1, estimate_of(20), false);
  t.twins[3].restore(some_day, quantity::active_import, 0, 1, actual_of(30), false);
  t.twins[2].restore(some_day, quantity::active_import, 0, 1, actual_of(1), false); // contradicted: stands for nothing
  t.twins[2].restore(some_day, quantity::active_import, 0, 1, actual_of(2), false);
  t.twins[3].restore(some_day, quantity::active_export, 5, 1, actual_of(40), false);
  const transformer_nodes nodes = hash_day(t.of, t.view(), some_day, {});
  const auto hash_of = [&](std::size_t twin, quantity q) {
    return meter_day_hash({}, t.meters[twin].mpan, some_day, q, *t.twins[twin].find(some_day, q));
  };
  const auto feeder_of = [&](const std::vector<std::size_t>& members, std::string_view id, quantity q) {
    day_node_builder builder;
    for (const std::size_t m : members)
      builder.add_meter(hash_of(m, q), *t.twins[m].find(some_day, q));
    return builder.build(node_kind::feeder, id, some_day, q);
  };
  day_node_builder import;
  import.add(feeder_of({0, 1}, "F1", quantity::active_import));
  import.add(feeder_of({3}, "F2", quantity::active_import));
  day_node_builder out;
  out.add(feeder_of({3}, "F2", quantity::active_export));
  REQUIRE(nodes[0]);
  REQUIRE(nodes[1]);
  CHECK(same(*nodes[0], import.build(node_kind::transformer, "T1", some_day, quantity::active_import)));
  CHECK(same(*nodes[1], out.build(node_kind::transformer, "T1", some_day, quantity::active_export)));
  CHECK(nodes[0]->meters == 3);
  CHECK(nodes[0]->periods == 3);
  CHECK(nodes[0]->wh[0] == 40);
  CHECK(!nodes[2]);
  CHECK(!nodes[3]);
  CHECK(!hash_day(t.of, t.view(), {some_day.number + 1}, {})[0]);
}

TEST_CASE("day_summary: nodes and masks come back") {
  seeded_random random(1201);
  const std::vector<content> contents = few_contents();
  for (int round = 0; round < 40; ++round) {
    some_twins t;
    for (std::uint64_t n = random.below(300); n != 0; --n)
      t.twins[random.below(t.twins.size())].restore(some_day, static_cast<quantity>(random.below(quantity_count)),
                                                    random.between(0, 47), random.between<std::uint16_t>(1, 2),
                                                    random.pick(contents), false);
    const transformer_nodes nodes = hash_day(t.of, t.view(), some_day, {});
    transformer_nodes back;
    REQUIRE(decode_nodes(encode_nodes(nodes), back));
    CHECK(same(nodes, back));
    mask_rows expected;
    for (std::size_t i = 0; i < t.twins.size(); ++i)
      for (const quantity q : quantities_by_name)
        if (const meter_day* day = t.twins[i].find(some_day, q); day != nullptr && day->current_mask() != 0)
          expected[{t.slots[i].value, q}] = day->current_mask();
    CHECK(decoded(encode_masks(t.view(), some_day)) == expected);
  }
}

TEST_CASE("day_summary: extreme sums come back") {
  transformer_nodes nodes;
  nodes[3].emplace();
  nodes[3]->wh.fill(std::numeric_limits<std::int64_t>::min());
  nodes[3]->wh[47] = std::numeric_limits<std::int64_t>::max();
  nodes[3]->meters = 0xFFFF'FFFF;
  nodes[3]->periods = std::numeric_limits<std::uint64_t>::max();
  nodes[3]->hash.fill(0xA5);
  transformer_nodes back;
  REQUIRE(decode_nodes(encode_nodes(nodes), back));
  CHECK(same(nodes, back));
  CHECK(encode_nodes({}).empty());
  CHECK(decode_nodes("", back));
}

TEST_CASE("day_summary: masks of a twin that cannot be are refused, not given to another") {
  constexpr std::uint64_t last_row = std::uint64_t{0xFFFF'FFFF} * quantities_reserved;
  for (const std::uint64_t row : {last_row, last_row + quantities_reserved}) {
    std::string bytes;
    byte_writer w(bytes);
    w.number(row);
    w.raw("masked");
    std::vector<twin_slot> found;
    CHECK(decode_masks(bytes, [&](twin_slot slot, quantity, std::uint64_t) { found.push_back(slot); })
          == (row == last_row));
    CHECK(found == (row == last_row ? std::vector<twin_slot>{{0xFFFF'FFFF}} : std::vector<twin_slot>{}));
  }
}

TEST_CASE("day_summary: what is cut is refused and a flipped bit is no harm") {
  some_twins t;
  for (std::size_t i = 0; i < t.twins.size(); ++i)
    t.twins[i].restore(some_day, static_cast<quantity>(i % 4), static_cast<int>(i), 1, actual_of(1000), false);
  const std::string nodes = encode_nodes(hash_day(t.of, t.view(), some_day, {}));
  const std::string masks = encode_masks(t.view(), some_day);
  const auto ignore = [](twin_slot, quantity q, std::uint64_t mask) {
    CHECK(index_of(q) < quantity_count);
    CHECK(mask < std::uint64_t{1} << periods_per_day);
  };
  transformer_nodes back;
  // Records stand one after the other with no count: a cut between two of them cannot be seen here.
  std::size_t good_cuts = 0;
  for (std::size_t size = 0; size < nodes.size(); ++size)
    good_cuts += decode_nodes(std::string_view(nodes).substr(0, size), back) ? 1 : 0;
  CHECK(good_cuts == 4);
  good_cuts = 0;
  for (std::size_t size = 0; size < masks.size(); ++size)
    good_cuts += decode_masks(std::string_view(masks).substr(0, size), ignore) ? 1 : 0;
  CHECK(good_cuts == 5);
  for (std::size_t i = 0; i < nodes.size() * 8; ++i) {
    std::string damaged = nodes;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << i % 8));
    (void)decode_nodes(damaged, back);
  }
  for (std::size_t i = 0; i < masks.size() * 8; ++i) {
    std::string damaged = masks;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << i % 8));
    (void)decode_masks(damaged, ignore);
  }
}
