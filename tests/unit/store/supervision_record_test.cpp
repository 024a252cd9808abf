#include "src/store/supervision_record.hpp"

#include "src/store/letter_record.hpp"
#include "tests/support/letter_fixture.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const std::vector<estate_row> rows{{"T1", "F1", 1}, {"T1", "F1", 2}, {"T2", "F1", 3}};

twin_fault fault_of(std::uint32_t twin, std::uint32_t restarts, bool parked = false,
                    const std::string& reason = "it threw") {
  return {{twin}, test_mpan(twin), restarts, parked, reason};
}

group_commit group_of(std::uint32_t transformer, std::vector<twin_fault> faults) {
  group_commit out;
  out.transformers.emplace_back().transformer = {transformer};
  out.transformers[0].faults = std::move(faults);
  return out;
}

/// Commits groups in a run of their own.
void run_with(const store_fixture& store, const std::vector<group_commit>& groups) {
  store_writer writer = store.writer(rows, {"a.csv"});
  for (const group_commit& group : groups)
    REQUIRE(writer.commit(group));
  REQUIRE(writer.close());
}

/// A twin's record as text.
std::string told(const twin_record& r) {
  return std::to_string(r.transformer.value) + '/' + std::to_string(r.twin.value) + ' ' + to_string(r.meter) + ' '
         + std::to_string(r.restarts) + ' ' + std::to_string(r.parked) + ' ' + std::to_string(r.run) + ' ' + r.reason;
}
std::vector<std::string> told(const store_fixture& store, std::optional<std::uint32_t> run = {}) {
  sqlite_database database = store.reader_connection();
  const auto records = twin_records(database, run);
  REQUIRE(records);
  std::vector<std::string> out;
  for (const twin_record& r : *records)
    out.push_back(told(r));
  return out;
}

std::vector<parked_twin> parked_in(const store_fixture& store) {
  sqlite_database database = store.reader_connection();
  auto out = parked_twins(database);
  REQUIRE(out);
  return std::move(*out);
}

using counters = std::vector<std::pair<std::string_view, std::int64_t>>;

} // namespace

TEST_CASE("supervision_record: what a twin came to is summed by run and over runs") {
  const store_fixture store;
  const std::string one = to_string(test_mpan(1));
  const std::string two = to_string(test_mpan(2));
  run_with(store, {group_of(1, {fault_of(1, 2, false, "first"), fault_of(2, 1)}),
                   group_of(1, {fault_of(1, 1, true, "second")}), group_of(0, {fault_of(1, 7)})});
  run_with(store, {group_of(1, {fault_of(1, 4, false, "third")})});
  run_with(store, {group_of(1, {fault_of(2, 1, true, "fourth")}), group_of(1, {fault_of(2, 2, false, "fifth")})});
  using list = std::vector<std::string>;
  CHECK(told(store)
        == list{"0/1 " + one + " 7 0 1 it threw", "1/1 " + one + " 7 1 2 third", "1/2 " + two + " 4 1 3 fifth"});
  CHECK(told(store, 1)
        == list{"0/1 " + one + " 7 0 1 it threw", "1/1 " + one + " 3 1 1 second", "1/2 " + two + " 1 0 1 it threw"});
  CHECK(told(store, 2) == list{"1/1 " + one + " 4 0 2 third"});
  CHECK(told(store, 4).empty());
  CHECK(store.rows_in("runs") == 3);
  CHECK(broken_links(store) == 0);
}

TEST_CASE("supervision_record: a twin that did not fail leaves nothing, nor brings the run") {
  const store_fixture store;
  run_with(store, {});
  const std::string before = store.dump();
  run_with(store, {group_of(1, {fault_of(1, 0)}), group_of(1, {})});
  CHECK(store.dump() == before);
}

TEST_CASE("supervision_record: a parked twin stays so over runs, for the reason that it was parked for") {
  const store_fixture store;
  run_with(store, {group_of(1, {fault_of(2, 3, true, "third time"), fault_of(1, 1)})});
  run_with(store, {group_of(1, {fault_of(2, 0, true, "another"), fault_of(1, 0, true, "late")})});
  run_with(store, {group_of(0, {fault_of(2, 1, true, "elsewhere")})});
  const std::vector<parked_twin> parked = parked_in(store);
  REQUIRE(parked.size() == 3);
  CHECK(parked[0].transformer == transformer_number{0});
  CHECK(parked[0].twin == twin_slot{2});
  CHECK(parked[1].twin == twin_slot{1});
  CHECK(parked[1].reason == "late");
  CHECK(parked[1].run == 2);
  CHECK(parked[2].transformer == transformer_number{1});
  CHECK(parked[2].twin == twin_slot{2});
  CHECK(parked[2].meter == test_mpan(2));
  CHECK(parked[2].reason == "third time");
  CHECK(parked[2].run == 1);
  // The journal has each parking once.
  sqlite_database database = store.reader_connection();
  auto bodies = database.prepare("SELECT body FROM journal WHERE kind = 8 ORDER BY id");
  REQUIRE(bodies);
  std::vector<std::string> reasons;
  while (bodies->step()) {
    letters_record record;
    REQUIRE(decode_letters(bodies->bytes(0), record));
    for (const letters_record::parking& p : record.parked)
      reasons.push_back(std::to_string(record.run) + ' ' + p.reason);
  }
  CHECK(reasons == std::vector<std::string>{"1 third time", "2 late", "3 elsewhere"});
}

TEST_CASE("supervision_record: letters, faults and readings of a group are there together or not at all") {
  const store_fixture store;
  stored_reading reading;
  reading.day = {20'000};
  reading.content = actual_of(1);
  reading.source = 1;
  reading.line = 1;
  group_commit group;
  group.transformers.push_back(commit_of({1}, 3, {reading}));
  group.transformers[0].letters = {letter_of(1, 5)};
  group.transformers[0].faults = {fault_of(1, 1)};
  run_with(store, {});
  const std::string before = store.dump();
  for (const char* const table : {"dead_letters", "twin_faults", "parked_twins"}) {
    CAPTURE(table);
    group.transformers[0].faults[0].parked = true;
    sqlite_database other = store.writer_connection();
    const std::string broken =
      "CREATE TRIGGER no BEFORE INSERT ON " + std::string(table) + " BEGIN SELECT RAISE(ABORT, 'no'); END";
    REQUIRE(other.execute(sql_text::of_a_test(broken)));
    store_writer writer = store.writer(rows, {"a.csv"});
    const auto failed = writer.commit(group);
    REQUIRE(!failed);
    CHECK(failed.failure().code == errc::store_failed);
    CHECK(store.dump() == before);
    REQUIRE(other.execute("DROP TRIGGER no"));
  }
  run_with(store, {group});
  CHECK(store.rows_in("fragments") == 1);
  CHECK(store.rows_in("dead_letters") == 1);
  CHECK(store.rows_in("twin_faults") == 1);
  CHECK(store.rows_in("parked_twins") == 1);
  CHECK(broken_links(store) == 0);
}

TEST_CASE("supervision_record: a run's counters add up, and those that are 0 are not kept") {
  const store_fixture store;
  run_with(store, {});
  const std::string before = store.dump();
  {
    store_writer writer = store.writer(rows, {"a.csv"});
    REQUIRE(writer.commit_counters({}));
    REQUIRE(writer.commit_counters(counters{{"restarts", 0}, {"letters", 0}}));
    CHECK(store.dump() == before);
    REQUIRE(writer.commit_counters(counters{{"restarts", 3}, {"letters", 0}}));
    REQUIRE(writer.commit_counters(counters{{"restarts", 4}, {"escalations", 1}}));
    REQUIRE(writer.close());
  }
  CHECK(store.rows_in("runs") == 2); // the second has added no reading
  {
    store_writer writer = store.writer(rows, {"a.csv"});
    CHECK(writer.run() == 3);
    REQUIRE(writer.commit_counters(counters{{"restarts", 1}}));
    REQUIRE(writer.close());
  }
  sqlite_database database = store.reader_connection();
  const auto kept = run_counters(database);
  REQUIRE(kept);
  CHECK(*kept == std::vector<run_counter>{{2, "escalations", 1}, {2, "restarts", 7}, {3, "restarts", 1}});
  CHECK(broken_links(store) == 0);
}

TEST_CASE("supervision_record: a new store has nothing of it") {
  const store_fixture store;
  sqlite_database database = store.reader_connection();
  CHECK(parked_twins(database)->empty());
  CHECK(twin_records(database)->empty());
  CHECK(run_counters(database)->empty());
  CHECK(suspects(database)->empty());
}
