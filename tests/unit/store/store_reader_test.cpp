#include "src/store/store_reader.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const std::vector<estate_row> rows{{"T1", "F1", 1}, {"T1", "F1", 2}, {"T2", "F1", 3}, {"T3", "F1", 4}};
const utc_day some_day{20'000};

using day_id = std::pair<std::uint32_t, std::int32_t>; ///< transformer, day

/// Random groups as several runs commit them, and what must be in the store afterwards.
struct random_store {
  store_fixture store;
  std::map<day_id, std::map<set_key, std::uint32_t>> runs; ///< by reading: the run that added it
  std::map<day_id, std::vector<lineage_key>> lineage;
  std::map<day_id, std::int64_t> last_added;              ///< readings in the last group that touched the day
  std::map<day_id, std::set<std::pair<int, int>>> groups; ///< run and group that touched it

  explicit random_store(std::uint64_t seed) {
    seeded_random random(seed);
    for (std::uint32_t run = 1; run <= 3; ++run) {
      store_writer writer = store.writer(rows, {"run " + std::to_string(run)});
      REQUIRE(writer.run() == run);
      for (int group = 0; group < 4; ++group)
        add_group(random, writer, group);
      REQUIRE(writer.close());
    }
  }

  void add_group(seeded_random& random, store_writer& writer, int group) {
    const std::vector<content> contents = few_contents();
    group_commit commit;
    for (std::uint32_t t = 0; t < 3; ++t) {
      std::vector<stored_reading> added;
      for (std::uint64_t n = random.below(40); n != 0; --n) {
        stored_reading r;
        r.twin.value = static_cast<std::uint32_t>(random.below(3));
        r.day.number = random.between(-1, 2);
        r.slot = static_cast<std::uint8_t>(random.below(48));
        r.quantity = static_cast<quantity>(random.below(quantity_count));
        r.version = random.between<std::uint16_t>(1, 2);
        r.content = random.pick(contents);
        r.source = writer.source_number(0);
        r.line = 1 + random.below(1000);
        const day_id day{t, r.day.number};
        if (!runs[day].emplace(set_key_of(r), writer.run()).second)
          continue;
        lineage[day].push_back(lineage_key_of(r));
        groups[day].emplace(static_cast<int>(writer.run()), group);
        added.push_back(r);
      }
      std::map<std::int32_t, std::int64_t> counts;
      for (const stored_reading& r : added)
        ++counts[r.day.number];
      for (const auto& [day, count] : counts)
        last_added[{t, day}] = count;
      commit.transformers.push_back(commit_of({t}, t % 2, std::move(added)));
    }
    REQUIRE(writer.commit(commit));
  }
};

} // namespace

TEST_CASE("store_reader: what several runs committed comes back with its run and lineage") {
  for (const std::uint64_t seed : {1101U, 1102U}) {
    random_store made(seed);
    store_reader reader = made.store.reader();
    CHECK(broken_links(made.store) == 0);
    for (auto& [id, expected] : made.runs) {
      const transformer_number t{id.first};
      const utc_day day{id.second};
      std::map<set_key, std::uint32_t> found;
      const auto fragments = reader.load(
        t, day, [&](const stored_reading& r, const fragment_origin& from) { found.emplace(set_key_of(r), from.run); });
      REQUIRE(fragments);
      CHECK(*fragments == made.groups[id].size());
      CHECK(found == expected);
      const auto records = reader.records_of(t, day);
      REQUIRE(records);
      CHECK(records->size() == made.groups[id].size());
      std::vector<lineage_key> journal;
      for (const record_id record : *records) {
        const auto recorded = reader.journal_readings(record, t);
        REQUIRE(recorded);
        for (const stored_reading& r : recorded->readings)
          if (r.day == day)
            journal.push_back(lineage_key_of(r));
      }
      std::sort(journal.begin(), journal.end());
      std::sort(made.lineage[id].begin(), made.lineage[id].end());
      CHECK(journal == made.lineage[id]);
      const auto loads = reader.loads(t, day);
      REQUIRE(loads);
      REQUIRE(loads->size() == 1);
      CHECK(loads->front().load[0].import_wh == made.last_added[id]); // what was committed last
    }
  }
}

TEST_CASE("store_reader: days come in order of day and number") {
  random_store made(1103);
  store_reader reader = made.store.reader();
  std::vector<std::pair<std::int32_t, std::uint32_t>> days;
  REQUIRE(reader.for_each_day([&](transformer_number t, utc_day day, bool summarised) {
    CHECK(!summarised);
    days.emplace_back(day.number, t.value);
  }));
  CHECK(std::is_sorted(days.begin(), days.end()));
  std::vector<std::pair<std::int32_t, std::uint32_t>> expected;
  for (const auto& [id, readings] : made.runs)
    if (!readings.empty())
      expected.emplace_back(id.second, id.first);
  std::sort(expected.begin(), expected.end());
  CHECK(days == expected);
}

TEST_CASE("store_reader: where nothing is stored nothing is found") {
  const store_fixture store;
  store_reader reader = store.reader();
  int calls = 0;
  const auto loaded = reader.load({0}, some_day, [&](const stored_reading&, const fragment_origin&) { ++calls; });
  REQUIRE(loaded);
  CHECK(*loaded == 0);
  CHECK(calls == 0);
  CHECK(reader.records_of({0}, some_day)->empty());
  CHECK(reader.loads({0}, some_day)->empty());
  CHECK(!*reader.day_summary({0}, some_day));
  CHECK(reader.contradicted_days()->empty());
  CHECK(reader.gap_counts()->empty());
  CHECK(!reader.journal_readings(record_id::of(0, 1), {0}));
  stored_days days(store.folder());
  CHECK(days.masks({0}, some_day)->empty());
  CHECK(days.loads({0}, some_day)->empty());
}

TEST_CASE("store_reader: summaries and contradicted days come back") {
  const store_fixture store;
  store_writer writer = store.writer(rows, {"a.csv"});
  const auto reading_on = [](std::int32_t day) {
    stored_reading r;
    r.day.number = day;
    r.source = 1;
    r.line = 1;
    return r;
  };
  group_commit group;
  for (std::uint32_t t = 0; t < 3; ++t) {
    group.transformers.push_back(commit_of({t}, t, {reading_on(5), reading_on(-7)}));
    group.transformers.back().days[t % 2].contradicted = true;
  }
  REQUIRE(writer.commit(group));
  transformer_summary summary;
  summary.transformer = {1};
  summary.days.push_back({{5}, pack("nodes of the day"), pack("masks of the day"), "", pack("shapes of the day")});
  summary.counted = {7, 70};
  transformer_summary other;
  other.transformer = {2};
  other.days.push_back({{-7}, pack("nodes"), pack("masks"), "", pack("shapes")});
  REQUIRE(writer.commit_summaries({summary, other}));
  store_reader reader = store.reader();
  const auto contradicted = reader.contradicted_days();
  REQUIRE(contradicted);
  using place = std::pair<transformer_number, utc_day>;
  CHECK(*contradicted == std::vector<place>{{{0}, {-7}}, {{2}, {-7}}, {{1}, {5}}});
  const auto found = reader.day_summary({1}, {5});
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->nodes == "nodes of the day");
  CHECK((*found)->masks == "masks of the day");
  CHECK(!*reader.day_summary({1}, {-7}));
  const auto unfinished = reader.days_to_summarise();
  REQUIRE(unfinished);
  CHECK(*unfinished == std::vector<place>{{{0}, {-7}}, {{1}, {-7}}, {{0}, {5}}, {{2}, {5}}});
  const auto parts = [&](std::int32_t first, std::int32_t last, std::size_t most = 9) {
    std::vector<std::pair<place, std::string>> out;
    REQUIRE(
      reader.for_each_shape_part({first}, {last}, [&](transformer_number t, utc_day day, std::string_view packed) {
        out.emplace_back(place{t, day}, *unpack(packed));
        return out.size() < most;
      }));
    return out;
  };
  const std::pair<place, std::string> early{{{2}, {-7}}, "shapes"};
  const std::pair<place, std::string> late{{{1}, {5}}, "shapes of the day"};
  CHECK(parts(-7, 5) == std::vector{early, late});
  CHECK(parts(-7, 5, 1) == std::vector{early});
  CHECK(parts(-7, 4) == std::vector{early});
  CHECK(parts(-6, 5) == std::vector{late});
  CHECK(parts(-6, 4).empty());
  stored_days days(store.folder());
  CHECK(*days.masks({1}, {5}) == "masks of the day");
  const auto encoded = days.loads({1}, {5});
  REQUIRE(encoded);
  std::vector<feeder_day_load> loads;
  REQUIRE(decode_loads(*encoded, loads));
  REQUIRE(loads.size() == 1);
  CHECK(loads[0].load == reader.loads({1}, {5})->front().load);
  std::vector<std::pair<std::int32_t, bool>> of_one;
  REQUIRE(reader.for_each_day([&](transformer_number t, utc_day day, bool summarised) {
    if (t.value == 1)
      of_one.emplace_back(day.number, summarised);
  }));
  CHECK(of_one == std::vector<std::pair<std::int32_t, bool>>{{-7, false}, {5, true}});
  CHECK(reader.gap_counts()->at(1) == std::pair<std::uint64_t, std::uint64_t>{7, 70});
}

TEST_CASE("store_reader: a snapshot does not see what is committed later") {
  const store_fixture store;
  store_writer writer = store.writer(rows, {"a.csv"});
  stored_reading r;
  r.day = some_day;
  r.source = 1;
  r.line = 1;
  group_commit group;
  group.transformers.push_back(commit_of({0}, 0, {r}));
  REQUIRE(writer.commit(group));
  store_reader holding = store.reader();
  REQUIRE(holding.hold_snapshot());
  r.slot = 1;
  group.transformers[0] = commit_of({0}, 0, {r});
  REQUIRE(writer.commit(group));
  const auto count = [&](store_reader& reader) {
    const auto fragments = reader.load({0}, some_day, [](const stored_reading&, const fragment_origin&) {});
    REQUIRE(fragments);
    return *fragments;
  };
  CHECK(count(holding) == 1);
  store_reader fresh = store.reader();
  CHECK(count(fresh) == 2);
  stored_days days(store.folder());
  int calls = 0;
  CHECK(*days.load({0}, some_day, [&](const stored_reading&, const fragment_origin& from) {
    calls += from.run == 1 ? 1 : 0;
  }) == 2);
  CHECK(calls == 2);
}

TEST_CASE("store_reader: what is damaged is an error that says so") {
  const store_fixture store;
  {
    store_writer writer = store.writer(rows, {"a.csv"});
    stored_reading r;
    r.day = some_day;
    r.source = 1;
    r.line = 1;
    group_commit group;
    group.transformers.push_back(commit_of({0}, 0, {r}));
    REQUIRE(writer.commit(group));
    transformer_summary summary;
    summary.days.push_back({some_day, pack("n"), pack("m"), "", pack("s")});
    REQUIRE(writer.commit_summaries({summary}));
  }
  const auto records = store.reader().records_of({0}, some_day);
  REQUIRE(records);
  REQUIRE(records->size() == 1);
  sqlite_database database = store.writer_connection();
  REQUIRE(database.execute("UPDATE fragments SET body = x'00010203'; UPDATE days SET loads = x'0001'; UPDATE summaries "
                           "SET masks = x'07'; UPDATE journal SET body = x'010005FF' WHERE kind = 3"));
  store_reader reader = store.reader();
  const auto load = reader.load({0}, some_day, [](const stored_reading&, const fragment_origin&) {});
  REQUIRE(!load);
  CHECK(load.failure().code == errc::store_failed);
  CHECK(load.failure().message.find("damaged") != std::string::npos);
  CHECK(!reader.loads({0}, some_day));
  CHECK(!reader.day_summary({0}, some_day));
  CHECK(!reader.journal_readings(records->front(), {0}));
  // And again: a statement that met damage is ready for the next.
  CHECK(!reader.load({0}, some_day, [](const stored_reading&, const fragment_origin&) {}));
  CHECK(*reader.load({1}, some_day, [](const stored_reading&, const fragment_origin&) {}) == 0);
}
