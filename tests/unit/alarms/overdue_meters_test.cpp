#include "src/alarms/overdue_meters.hpp"

#include <doctest/doctest.h>

using namespace gridtwin;

namespace {

constexpr std::int64_t hour = 3600;
constexpr period since{980'000};
constexpr arrival_limits limits{10 * hour, 20 * hour, 30 * hour}; // smart, advanced, unmetered
constexpr transformer_number number{7};

/// A transformer with meters of one feeder: smart, advanced, de-energised, one that ends, and one that begins.
struct some_meters {
  estate e;
  topology names;

  some_meters() {
    e.transformers.resize(1);
    e.transformers[0].id = "T1";
    e.feeders.push_back({{0}, "F1", {}});
    for (std::uint64_t i = 0; i < 5; ++i) {
      connection c;
      c.mpan = {i + 1};
      e.connections.push_back(c);
      names.slot_of.push_back({static_cast<std::uint32_t>(4 - i)});
    }
    e.connections[1].segment = market_segment::advanced;
    e.connections[2].energised = false;
    e.connections[3].effective.end = since.number + 2;
    e.connections[4].effective.first = since.number + 100;
    names.number_of.push_back(number);
    names.slots_in.push_back(5);
  }
  overdue_meters meters() const { return {e, names, limits, since}; }
};

} // namespace

TEST_CASE("overdue_meters: the half hour behind the newest is waited for, so long as its class may take") {
  const some_meters of;
  overdue_meters meters = of.meters();
  CHECK(meters.awaited({0}) == since);
  CHECK(!meters.is_overdue({0}, since.end_s() + 10 * hour - 1));
  CHECK(meters.is_overdue({0}, since.end_s() + 10 * hour));
  CHECK(!meters.is_overdue({1}, since.end_s() + 20 * hour - 1));
  CHECK(meters.is_overdue({1}, since.end_s() + 20 * hour));
  meters.saw(number, {4}, {since.number + 9});
  meters.saw(number, {4}, {since.number + 3}); // late, and no step back
  CHECK(meters.awaited({0}) == period{since.number + 10});
  CHECK(!meters.is_overdue({0}, since.end_s() + 10 * hour));
  CHECK(meters.is_overdue({0}, period{since.number + 10}.end_s() + 10 * hour));
  CHECK(meters.awaited({1}) == since); // nobody else's
}

TEST_CASE("overdue_meters: nobody waits for what is de-energised, over, or not begun") {
  const some_meters of;
  overdue_meters meters = of.meters();
  constexpr std::int64_t never = std::int64_t{1} << 40;
  CHECK(!meters.awaited({2}));
  CHECK(!meters.is_overdue({2}, never));
  CHECK(meters.is_overdue({3}, never));
  meters.saw(number, {1}, {since.number + 1}); // the last half hour of its range
  CHECK(!meters.is_overdue({3}, never));
  CHECK(meters.awaited({4}) == period{since.number + 100});
  CHECK(!meters.is_overdue({4}, since.end_s() + 11 * hour));
}

TEST_CASE("overdue_meters: what was seen is kept by slot, and what others wrote is refused or passed over") {
  const some_meters of;
  overdue_meters before = of.meters();
  before.saw(number, {4}, {since.number + 9});
  before.saw(number, {3}, {since.number + 5});
  before.saw(number, {77}, {since.number + 5}); // no such slot
  before.saw({8}, {0}, {since.number + 5});     // no such transformer
  const std::string kept = before.seen_of({0});
  overdue_meters after = of.meters();
  CHECK(after.take_seen({0}, kept));
  for (std::uint32_t c = 0; c < 5; ++c)
    CHECK(after.awaited({c}) == before.awaited({c}));
  overdue_meters damaged = of.meters();
  CHECK(!damaged.take_seen({0}, kept.substr(0, kept.size() - 1)));
  CHECK(!damaged.take_seen({0}, kept + kept));
  CHECK(damaged.awaited({0}) == since);
}
