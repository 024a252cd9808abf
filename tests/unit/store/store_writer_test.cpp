#include "src/store/store_writer.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const std::vector<estate_row> rows{{"T1", "F1", 1}, {"T1", "F1", 2}, {"T2", "F1", 3}};
constexpr transformer_number first_transformer{0};
constexpr transformer_number second_transformer{1};
const utc_day some_day{20'000};

stored_reading reading_of(std::uint32_t twin, std::uint8_t slot, std::int64_t wh, utc_day day = some_day) {
  stored_reading r;
  r.twin.value = twin;
  r.day = day;
  r.slot = slot;
  r.content = actual_of(wh);
  r.source = 1;
  r.line = 10U + slot;
  return r;
}

kept_reject reject_of(std::uint64_t line, const std::string& raw, std::uint8_t item = 0) {
  return {1, line, item, verdict::negative, "2000056535971", "AI", "2026-03-01T00:30:00Z", "-1 Wh is below 0", raw};
}

group_commit group_of(transformer_commit t) {
  group_commit out;
  out.transformers.push_back(std::move(t));
  return out;
}

std::vector<set_key> stored_keys(const store_fixture& store, transformer_number t, utc_day day) {
  store_reader reader = store.reader();
  std::vector<set_key> out;
  const auto loaded =
    reader.load(t, day, [&](const stored_reading& r, const fragment_origin&) { out.push_back(set_key_of(r)); });
  REQUIRE(loaded);
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::int64_t> kinds_of_records(const store_fixture& store) {
  sqlite_database database = store.reader_connection();
  auto s = database.prepare("SELECT kind FROM journal ORDER BY id");
  REQUIRE(s);
  std::vector<std::int64_t> out;
  while (s->step())
    out.push_back(s->integer(0));
  return out;
}

} // namespace

TEST_CASE("store_writer: a run that adds nothing writes nothing but its estate") {
  const store_fixture store;
  {
    store_writer writer = store.writer(rows, {"a.csv"});
    CHECK(writer.run() == 1);
    const std::string before = store.dump();
    CHECK(writer.commit({}));
    CHECK(writer.commit(group_of(commit_of(first_transformer, 3, {}))));
    CHECK(writer.commit_summaries({}));
    CHECK(store.dump() == before);
    CHECK(writer.close()); // a first estate is bound even so
  }
  CHECK(store.rows_in("estates") == 1);
  CHECK(kinds_of_records(store) == std::vector<std::int64_t>{2, 1});
  const std::string bound = store.dump();
  {
    store_writer writer = store.writer(rows, {"a.csv", "b.csv"}, "other options");
    CHECK(writer.commit(group_of(commit_of(first_transformer, 3, {}))));
    CHECK(writer.close());
  }
  CHECK(store.dump() == bound);
  CHECK(broken_links(store) == 0);
}

TEST_CASE("store_writer: the first thing that is added brings the run and its estate and sources") {
  const store_fixture store;
  store_writer writer = store.writer(rows, {"a.csv", "b.csv"}, "the options");
  CHECK(writer.source_number(0) == 1);
  CHECK(writer.source_number(1) == 2);
  CHECK(store.rows_in("runs") == 0);
  REQUIRE(writer.commit(group_of(commit_of(first_transformer, 3, {reading_of(0, 0, 100)}))));
  REQUIRE(writer.commit(group_of(commit_of(first_transformer, 3, {reading_of(0, 1, 100)}))));
  REQUIRE(writer.close());
  CHECK(store.rows_in("runs") == 1);
  CHECK(store.rows_in("sources") == 2);
  CHECK(store.rows_in("estates") == 1);
  CHECK(kinds_of_records(store) == std::vector<std::int64_t>{2, 1, 3, 3});
  CHECK(store.number("SELECT count(*) FROM journal WHERE kind = 1 AND body = CAST('the options' AS BLOB)") == 1);
  CHECK(store.number("SELECT count(*) FROM runs WHERE number = 1 AND options = 'the options'") == 1);
  CHECK(broken_links(store) == 0);
}

TEST_CASE("store_writer: sources keep their numbers from run to run") {
  const store_fixture store;
  {
    store_writer writer = store.writer(rows, {"a.csv", "b.csv"});
    REQUIRE(writer.commit(group_of(commit_of(first_transformer, 3, {reading_of(0, 0, 100)}))));
  }
  {
    store_writer writer = store.writer(rows, {"c.csv", "b.csv", "c.csv", "a.csv"});
    CHECK(writer.run() == 2);
    CHECK(writer.source_number(0) == 3);
    CHECK(writer.source_number(1) == 2);
    CHECK(writer.source_number(2) == 3);
    CHECK(writer.source_number(3) == 1);
    REQUIRE(writer.commit(group_of(commit_of(first_transformer, 3, {reading_of(0, 1, 100)}))));
  }
  CHECK(store.rows_in("sources") == 3);
  CHECK(store.rows_in("runs") == 2);
}

TEST_CASE("store_writer: a reject is kept once and what is new of it brings the run") {
  const store_fixture store;
  group_commit group;
  group.rejects = {reject_of(5, "raw"), reject_of(5, "raw"), reject_of(5, "raw", 1), reject_of(5, "other raw"),
                   reject_of(6, "raw")};
  group.transformers.push_back(commit_of(first_transformer, 3, {}));
  group.transformers[0].rejects = {reject_of(6, "raw"), reject_of(7, std::string("a\0b", 3))};
  {
    store_writer writer = store.writer(rows, {"a.csv"});
    REQUIRE(writer.commit(group));
    REQUIRE(writer.commit(group));
    REQUIRE(writer.close());
  }
  CHECK(store.rows_in("rejects") == 5);
  CHECK(store.rows_in("fragments") == 0);
  CHECK(kinds_of_records(store) == std::vector<std::int64_t>{2, 1, 4});
  CHECK(store.number("SELECT count(*) FROM rejects WHERE code = 'negative' AND meter = '2000056535971' AND quantity = "
                     "'AI' AND period_end = '2026-03-01T00:30:00Z' AND detail = '-1 Wh is below 0' AND source = 1")
        == 5);
  CHECK(store.number("SELECT count(*) FROM rejects WHERE raw = x'610062' AND line = 7") == 1);
  const std::string before = store.dump();
  {
    store_writer writer = store.writer(rows, {"a.csv"}, "another run");
    REQUIRE(writer.commit(group)); // all of them are known
    REQUIRE(writer.close());
  }
  CHECK(store.dump() == before);
  CHECK(broken_links(store) == 0);
}

TEST_CASE("store_writer: fragments that are merged take the place of all before them") {
  const store_fixture store;
  const std::vector<stored_reading> one{reading_of(0, 0, 1), reading_of(1, 0, 2)};
  const std::vector<stored_reading> two{reading_of(0, 1, 3)};
  const std::vector<stored_reading> three{reading_of(0, 2, 4), reading_of(0, 0, 5)};
  std::vector<set_key> all;
  for (const auto* part : {&one, &two, &three})
    for (const stored_reading& r : *part)
      all.push_back(set_key_of(r));
  std::sort(all.begin(), all.end());
  {
    store_writer writer = store.writer(rows, {"a.csv"});
    REQUIRE(writer.commit(group_of(commit_of(first_transformer, 3, one))));
  }
  store_writer writer = store.writer(rows, {"a.csv"});
  REQUIRE(writer.commit(group_of(commit_of(first_transformer, 3, two))));
  CHECK(store.rows_in("fragments") == 2);
  transformer_commit merging = commit_of(first_transformer, 3, three);
  std::vector<stored_reading> of_this_run = two;
  of_this_run.insert(of_this_run.end(), three.begin(), three.end());
  merging.days[0].merge = true;
  merging.days[0].earlier = pack(fragment_of(one));
  merging.days[0].this_run = pack(fragment_of(of_this_run));
  merging.days[0].added.clear();
  REQUIRE(writer.commit(group_of(merging)));
  CHECK(store.rows_in("fragments") == 2);
  CHECK(store.number("SELECT count(*) FROM fragments WHERE run = 0") == 1);
  CHECK(store.number("SELECT count(*) FROM fragments WHERE run = 2") == 1);
  CHECK(stored_keys(store, first_transformer, some_day) == all);
  // The journal records that they came from are still known, and none of another day is lost.
  const auto records = store.reader().records_of(first_transformer, some_day);
  REQUIRE(records);
  CHECK(records->size() == 3);
  CHECK(store.reader().records_of(second_transformer, some_day)->empty());
  // At the end of a run all of a day is one fragment.
  transformer_summary summary;
  summary.transformer = first_transformer;
  std::vector<stored_reading> whole = one;
  whole.insert(whole.end(), of_this_run.begin(), of_this_run.end());
  summary.days.push_back({some_day, pack("nodes"), pack("masks"), pack(fragment_of(whole)), pack("shapes")});
  REQUIRE(writer.commit_summaries({summary}));
  CHECK(store.rows_in("fragments") == 1);
  CHECK(stored_keys(store, first_transformer, some_day) == all);
  CHECK(store.reader().records_of(first_transformer, some_day)->size() == 3);
  CHECK(broken_links(store) == 0);
}

TEST_CASE("store_writer: a day that is written again must be summarised again") {
  const store_fixture store;
  store_writer writer = store.writer(rows, {"a.csv"});
  const auto unsummarised = [&] { return store.number("SELECT count(*) FROM days WHERE summarised = 0"); };
  REQUIRE(writer.commit(group_of(commit_of(first_transformer, 3, {reading_of(0, 0, 1)}))));
  CHECK(unsummarised() == 1);
  transformer_summary summary;
  summary.transformer = first_transformer;
  summary.days.push_back({some_day, pack("nodes"), pack("masks"), "", pack("shapes")});
  summary.counted = {2, 5};
  REQUIRE(writer.commit_summaries({summary}));
  CHECK(unsummarised() == 0);
  CHECK(store.rows_in("fragments") == 1);
  transformer_commit contradicting = commit_of(first_transformer, 3, {reading_of(0, 0, 2)});
  contradicting.days[0].contradicted = true;
  REQUIRE(writer.commit(group_of(contradicting)));
  CHECK(unsummarised() == 1);
  CHECK(store.number("SELECT contradicted FROM days") == 1);
  REQUIRE(writer.commit(group_of(commit_of(first_transformer, 3, {reading_of(0, 1, 2)}))));
  CHECK(store.number("SELECT contradicted FROM days") == 1); // for good
  const auto counts = store.reader().gap_counts();
  REQUIRE(counts);
  CHECK(counts->at(0) == std::pair<std::uint64_t, std::uint64_t>{2, 5});
  summary.counted.reset(); // a part of a summary that does not count
  REQUIRE(writer.commit_summaries({summary}));
  CHECK(store.reader().gap_counts()->at(0) == std::pair<std::uint64_t, std::uint64_t>{2, 5});
}

TEST_CASE("store_writer: a group that cannot be written leaves nothing behind") {
  const store_fixture store;
  {
    store_writer writer = store.writer(rows, {"a.csv"});
    REQUIRE(writer.commit(group_of(commit_of(first_transformer, 3, {reading_of(0, 0, 1)}))));
    const std::string before = store.dump();
    // The table of days refuses what comes, after journal and fragments have been written.
    sqlite_database other = store.writer_connection();
    REQUIRE(other.execute("CREATE TRIGGER no BEFORE INSERT ON days WHEN NEW.key > (20000 << 32) BEGIN SELECT "
                          "RAISE(ABORT, 'no'); END"));
    group_commit group;
    group.transformers.push_back(commit_of(first_transformer, 3, {reading_of(0, 1, 1)}));
    group.transformers.push_back(commit_of(second_transformer, 4, {reading_of(0, 1, 1)}));
    group.rejects = {reject_of(1, "raw")};
    const auto failed = writer.commit(group);
    REQUIRE(!failed);
    CHECK(failed.failure().code == errc::store_failed);
    CHECK(store.dump() == before);
    REQUIRE(other.execute("DROP TRIGGER no"));
    // Offsets go on without a hole even for a writer that is used again.
    REQUIRE(writer.commit(group));
  }
  CHECK(broken_links(store) == 0);
  CHECK(store.rows_in("rejects") == 1);
}

TEST_CASE("store_writer: records stay below their largest size however sections fall") {
  const store_fixture store;
  store_writer writer = store.writer(rows, {"a.csv"});
  seeded_random random(1001);
  const auto section = [&](std::size_t size) {
    transformer_commit t;
    t.transformer = {static_cast<std::uint32_t>(random.below(2'000'000'000))};
    t.shard = 9;
    t.journal_section = std::string(size, 's');
    return t;
  };
  group_commit many;
  for (int i = 0; i < 40; ++i)
    many.transformers.push_back(section(static_cast<std::size_t>(20'000 + random.below(60'000))));
  REQUIRE(writer.commit(many));
  const std::string largest = "SELECT max(length(body)) FROM journal";
  CHECK(store.number(largest) <= static_cast<std::int64_t>(largest_record));
  CHECK(store.number("SELECT count(*) FROM journal WHERE kind = 3") >= 2);
  // Two that would fit but for what is written around them.
  group_commit tight;
  tight.transformers.push_back(section(largest_record / 2));
  tight.transformers.push_back(section(largest_record / 2 - 12));
  REQUIRE(writer.commit(tight));
  CHECK(store.number(largest) <= static_cast<std::int64_t>(largest_record));
  CHECK(broken_links(store) == 0);
}

TEST_CASE("store_writer: many rejects are split over records") {
  const store_fixture store;
  store_writer writer = store.writer(rows, {"a.csv"});
  group_commit group;
  for (std::uint64_t i = 0; i < 3000; ++i)
    group.rejects.push_back(reject_of(i + 1, std::string(800, 'r')));
  REQUIRE(writer.commit(group));
  CHECK(store.rows_in("rejects") == 3000);
  CHECK(store.number("SELECT count(*) FROM journal WHERE kind = 4") >= 3);
  CHECK(store.number("SELECT max(length(body)) FROM journal") <= static_cast<std::int64_t>(largest_record));
  CHECK(broken_links(store) == 0);
}
