#include "src/api/topic_scan.hpp"

#include "tests/support/api_fixture.hpp"
#include "tests/support/seeded_random.hpp"

#include <map>
#include <set>
#include <tuple>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

using event_place = std::tuple<std::uint32_t, std::int64_t, std::uint32_t>;
event_place place_of(const reading_event& e) { return {e.record.shard(), e.record.offset(), e.place}; }

/// Groups of random size over some transformers; no reading twice.
void add_random_groups(api_fixture& f, seeded_random& dice, std::uint32_t transformers, std::int32_t day) {
  std::vector<api_fixture::group> groups(1 + dice.below(4));
  std::uint8_t slot = 0;
  for (api_fixture::group& g : groups) {
    for (std::uint32_t t = 0; t < transformers; ++t) {
      std::vector<stored_reading> readings;
      for (std::uint32_t n = 0; n < 4; ++n)
        if (dice.below(3) != 0)
          readings.push_back(api_fixture::reading(n, day, slot, static_cast<std::int64_t>(dice.below(2000))));
      if (!readings.empty() && dice.below(2) == 0)
        g.emplace_back(t, std::move(readings));
    }
    ++slot;
  }
  f.run(groups);
}

/// All that is durable, as the topic itself gives it.
std::map<event_place, digest> whole_topic(api_fixture& f) {
  std::map<event_place, digest> out;
  sqlite_database database = f.store.reader_connection();
  auto topic = reading_topic::over(database);
  REQUIRE(topic);
  for (std::uint32_t shard = 0; shard < shard_count; ++shard) {
    const auto all = topic->read(shard, 0, 1'000'000);
    REQUIRE(all);
    REQUIRE(all->at_end);
    for (const reading_event& e : all->events)
      out.emplace(place_of(e), id_of(e));
  }
  return out;
}

/// Events of a shard that are derived from its records, some of which have none.
struct derived_event {
  record_id record;
  std::uint32_t place = 0;
};
struct derived_topic {
  std::vector<passed_record> records;
  std::vector<derived_event> events;

  explicit derived_topic(seeded_random& dice) {
    for (std::int64_t offset = 1; offset <= 60; ++offset) {
      records.push_back({offset, dice.chance(1, 4) ? 0 : static_cast<std::uint32_t>(dice.below(12))});
      if (dice.chance(1, 3))
        for (std::uint32_t place = 0; place < records.back().readings; ++place)
          events.push_back({record_id::of(0, offset), place});
    }
  }
};

std::unique_ptr<opened_store> open(api_fixture& f) {
  auto out = opened_store::open(f.store.folder());
  REQUIRE(out);
  return std::move(*out);
}

} // namespace

TEST_CASE("topic_scan: P4 pages of any size, positions written and read, commits between them: each event once") {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    seeded_random dice(seed);
    api_fixture f(6);
    f.run({});
    auto first = open(f);
    auto second = open(f); // of another thread: nothing that one keeps may matter
    std::map<event_place, digest> seen;
    std::string position = "-";
    std::int32_t day = 100;
    for (bool at_end = false; day < 110 || !at_end;) {
      if (day < 110 && dice.below(3) == 0)
        add_random_groups(f, dice, 6, day++);
      auto at = parse_event_position(position);
      REQUIRE(at);
      std::map<std::uint32_t, event_place> last; // of a shard, of this page
      const std::size_t limit = 1 + dice.below(7);
      const auto page = scan_readings(dice.below(2) == 0 ? *first : *second, *at, {std::nullopt, limit, 1000},
                                      [&](const reading_event& e) {
                                        CHECK(seen.emplace(place_of(e), id_of(e)).second);
                                        if (const auto before = last.find(e.record.shard()); before != last.end())
                                          CHECK(before->second < place_of(e));
                                        last[e.record.shard()] = place_of(e);
                                        return true;
                                      });
      REQUIRE(page);
      CHECK(page->events <= limit);
      at_end = page->at_end;
      position = to_string(*at);
      CHECK(*is_durable(*first, *at));
    }
    CHECK(seen == whole_topic(f));
    CHECK(!seen.empty());
  }
}

TEST_CASE("topic_scan: what is not taken counts against what is looked at, and is passed") {
  api_fixture f(1);
  f.commit(0, {api_fixture::reading(0, 5, 0, 1), api_fixture::reading(1, 5, 0, 2), api_fixture::reading(2, 5, 0, 3)});
  auto store = open(f);
  event_position at;
  int asked = 0;
  const auto none = [&](const reading_event&) { return ++asked < 0; };
  auto page = scan_readings(*store, at, {shard_of("T0"), 10, 2}, none);
  REQUIRE(page);
  CHECK(asked == 2);
  CHECK(page->events == 0);
  CHECK(!page->at_end);
  page = scan_readings(*store, at, {shard_of("T0"), 10, 2}, none);
  REQUIRE(page);
  CHECK(asked == 3);
  CHECK(page->at_end);
}

TEST_CASE("topic_scan: one shard alone, and a position beyond what is durable") {
  api_fixture f(8);
  f.run({{{0, {api_fixture::reading(0, 5, 0, 1)}}, {5, {api_fixture::reading(0, 5, 0, 1)}}}});
  auto store = open(f);
  const std::uint32_t wanted = shard_of("T5");
  REQUIRE(wanted != shard_of("T0"));
  event_position at;
  const auto page = scan_readings(*store, at, {wanted, 10, 10}, [&](const reading_event& e) {
    CHECK(e.transformer == "T5");
    return true;
  });
  REQUIRE(page);
  CHECK(page->events == 1);
  event_position beyond = at;
  beyond.set(wanted, {at.at(wanted).offset + 1, 0});
  CHECK(*is_durable(*store, at));
  CHECK(!*is_durable(*store, beyond));
}

TEST_CASE("topic_scan: from an instant on nothing is missed that became known then or later") {
  api_fixture f(3);
  seeded_random dice(17);
  std::vector<std::int64_t> instants{1000, 3000, 2000,
                                     4000, 4000, 9000}; // a later run may bring what was known earlier
  std::uint8_t slot = 0;
  for (const std::int64_t known : instants) {
    std::vector<api_fixture::group> groups;
    for (std::uint32_t t = 0; t < 3; ++t)
      if (dice.below(4) != 0)
        groups.push_back({{t, {api_fixture::reading(t, 7, slot, 5)}}});
    ++slot;
    f.run(groups, known);
  }
  auto store = open(f);
  const auto known_from = [&](event_position at) {
    std::multiset<std::int64_t> out;
    REQUIRE(scan_readings(*store, at, {std::nullopt, 1000, 1000}, [&](const reading_event& e) {
      out.insert(e.known_at_s);
      return true;
    }));
    return out;
  };
  const std::multiset<std::int64_t> all = known_from({});
  for (const std::int64_t instant : {0, 1000, 1001, 2000, 2500, 3000, 3001, 4000, 5000, 9000, 9001}) {
    CAPTURE(instant);
    const auto from = position_before(*store, instant);
    REQUIRE(from);
    const std::multiset<std::int64_t> got = known_from(*from);
    for (const std::int64_t known : all)
      if (known >= instant)
        CHECK(got.count(known) == all.count(known));
    if (instant > 1000)
      CHECK(got.count(1000) == 0);
    if (instant > 9000)
      CHECK(got.empty());
  }
}

TEST_CASE("topic_scan: P4 what lies between two positions is read again as it was, whatever came behind it meanwhile") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    seeded_random dice(seed);
    api_fixture f(6);
    f.run({});
    auto store = open(f);
    std::int32_t day = 100;
    event_position from;
    for (int round = 0; round < 20; ++round) {
      add_random_groups(f, dice, 6, day++);
      std::vector<event_place> first;
      event_position to = from;
      REQUIRE(scan_readings(*store, to, {std::nullopt, 1 + dice.below(9), 1000}, [&](const reading_event& e) {
        first.push_back(place_of(e));
        return true;
      }));
      add_random_groups(f, dice, 6, day++);
      // In pieces of any size; where it is reached, that is the end.
      std::vector<event_place> again;
      event_position at = from;
      for (bool done = false; !done;) {
        const auto piece =
          scan_readings(*store, at, {std::nullopt, 1 + dice.below(4), 1000, to}, [&](const reading_event& e) {
            again.push_back(place_of(e));
            return true;
          });
        REQUIRE(piece);
        done = piece->at_end;
      }
      std::sort(first.begin(), first.end());
      std::sort(again.begin(), again.end());
      CHECK(first == again);
      CHECK(at == to);
      from = to;
    }
  }
}

TEST_CASE("topic_scan: P4 what is gone through without an event is bounded, by whatever batches it comes") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    seeded_random dice(seed);
    const derived_topic topic(dice);
    std::vector<derived_event> events;
    std::vector<passed_record> passed;
    // As of a batch that is kept: it may begin before, and ends anywhere.
    const auto fetch = [&](std::uint32_t, std::int64_t after) -> result<event_batch<derived_event>> {
      const std::int64_t from = after - static_cast<std::int64_t>(dice.below(static_cast<std::uint64_t>(after) + 1));
      const std::int64_t to = std::min<std::int64_t>(60, after + dice.between(1, 9));
      const auto is_out = [&](std::int64_t offset) { return offset <= from || to < offset; };
      passed = topic.records;
      std::erase_if(passed, [&](const passed_record& r) { return is_out(r.offset); });
      events = topic.events;
      std::erase_if(events, [&](const derived_event& e) { return is_out(e.record.offset()); });
      return event_batch<derived_event>{&events, to, to == 60, 0, &passed};
    };
    std::vector<std::pair<std::int64_t, std::uint32_t>> seen;
    event_position at;
    for (bool at_end = false; !at_end;) {
      const scan_limits limits{0, 1 + dice.below(6), 1 + dice.below(30)};
      const event_position from = at;
      const auto show = [&](const derived_event& e) {
        seen.emplace_back(e.record.offset(), e.place);
        return true;
      };
      const auto page = scan_events<derived_event>(at, limits, fetch, show);
      REQUIRE(page);
      at_end = page->at_end;
      CHECK((at_end || at != from));
      // The record with which it is reached is the last one.
      std::size_t before_last = 0;
      for (const passed_record& r : topic.records)
        if (from.at(0).offset < r.offset && r.offset < at.at(0).offset)
          before_last += 1 + r.readings;
      CHECK(before_last < limits.looked_at);
      event_position again = from;
      const auto once_more =
        scan_events<derived_event>(again, limits, fetch, [](const derived_event&) { return true; });
      REQUIRE(once_more);
      CHECK(again == at);
    }
    CHECK(at.at(0).offset == 60);
    std::vector<std::pair<std::int64_t, std::uint32_t>> all;
    for (const derived_event& e : topic.events)
      all.emplace_back(e.record.offset(), e.place);
    CHECK(seen == all);
  }
}

TEST_CASE("topic_scan: records of which a topic tells nothing count as one each") {
  const std::vector<derived_event> none;
  const auto fetch = [&](std::uint32_t, std::int64_t after) -> result<event_batch<derived_event>> {
    return event_batch<derived_event>{&none, std::min<std::int64_t>(after + 4, 50), after + 4 >= 50};
  };
  event_position at;
  const auto page = scan_events<derived_event>(at, {0, 1, 10}, fetch, [](const derived_event&) { return true; });
  REQUIRE(page);
  CHECK(!page->at_end);
  CHECK(at.at(0).offset == 12); // in three fetches
}

TEST_CASE("topic_scan: P4 a page ends with the event by which it has its bytes, and goes on behind it") {
  std::vector<derived_event> events;
  for (std::uint32_t place = 0; place < 50; ++place)
    events.push_back({record_id::of(0, 3), place});
  const auto fetch = [&](std::uint32_t, std::int64_t) -> result<event_batch<derived_event>> {
    return event_batch<derived_event>{&events, 3, true};
  };
  event_position at;
  std::vector<std::uint32_t> seen;
  std::vector<std::size_t> pages;
  for (bool at_end = false; !at_end;) {
    const auto take = [&](const derived_event& e) -> std::size_t {
      seen.push_back(e.place);
      return e.place % 2 == 0 ? 100 : 0; // every other one may not be seen
    };
    const auto page = scan_events<derived_event>(at, {0, 1000, 1000, std::nullopt, 950}, fetch, take);
    REQUIRE(page);
    at_end = page->at_end;
    pages.push_back(page->events);
  }
  CHECK(pages == std::vector<std::size_t>{10, 10, 5});
  CHECK(seen.size() == 50);
  CHECK(std::is_sorted(seen.begin(), seen.end()));
}
