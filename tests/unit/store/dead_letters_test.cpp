#include "src/store/dead_letters.hpp"

#include "src/store/letter_record.hpp"
#include "tests/support/letter_fixture.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const std::vector<estate_row> rows{{"T1", "F1", 1}, {"T1", "F1", 2}, {"T2", "F1", 3}};

group_commit group_of(std::vector<dead_letter> letters, std::vector<std::int64_t> settled = {}) {
  group_commit out;
  out.transformers.emplace_back().transformer = {1};
  out.transformers[0].shard = 3;
  out.transformers[0].letters = std::move(letters);
  out.transformers[0].settled_letters = std::move(settled);
  return out;
}

/// One run that commits one group. `known`: of what it reads.
void run_with(const store_fixture& store, const group_commit& group, std::optional<std::int64_t> known = {}) {
  auto writer = store_writer::open(
    store.folder(),
    {"options", {"a.csv", "b.csv"}, store.bind(rows).change, std::make_shared<estate_bytes>(bytes_of(rows)), {known}});
  REQUIRE(writer);
  REQUIRE(writer->commit(group));
  REQUIRE(writer->close());
}

std::vector<kept_letter> listed(const store_fixture& store, const letter_filter& wanted = {}) {
  sqlite_database database = store.reader_connection();
  auto out = list_letters(database, wanted);
  REQUIRE(out);
  return std::move(*out);
}

/// The one letter of a store.
kept_letter only(const store_fixture& store) {
  const std::vector<kept_letter> all = listed(store);
  REQUIRE(all.size() == 1);
  return all[0];
}

std::vector<letters_record> journalled(const store_fixture& store) {
  sqlite_database database = store.reader_connection();
  auto bodies = database.prepare("SELECT body FROM journal WHERE kind = 8 ORDER BY id");
  REQUIRE(bodies);
  std::vector<letters_record> out;
  while (bodies->step())
    REQUIRE(decode_letters(bodies->bytes(0), out.emplace_back()));
  return out;
}

void drop(const store_fixture& store, std::int64_t id) {
  sqlite_database database = store.writer_connection();
  auto table = letter_table::open(database);
  REQUIRE(table);
  REQUIRE(table->end(id, letter_state::dropped));
}

} // namespace

TEST_CASE("dead_letters: states have names that are read again") {
  CHECK(name_of(letter_state::waiting) == "waiting");
  CHECK(name_of(letter_state::settled) == "settled");
  CHECK(name_of(letter_state::dropped) == "dropped");
  for (std::size_t i = 0; i < letter_state_count; ++i)
    CHECK(parse_letter_state(name_of(static_cast<letter_state>(i))) == static_cast<letter_state>(i));
  CHECK(!parse_letter_state("Waiting"));
}

TEST_CASE("dead_letters: a letter comes back with all that its twin needs") {
  seeded_random random(7201);
  const store_fixture store;
  std::vector<dead_letter> letters;
  for (std::uint64_t i = 0; i < 200; ++i) {
    letters.push_back(random_letter(random));
    letters.back().input.source = random.between<std::uint32_t>(1, 2);
    letters.back().input.line += i << 40;
    letters.back().input.line &= ~std::uint64_t{0} >> 1;
  }
  run_with(store, group_of(letters), 5'000);
  const std::vector<kept_letter> back = listed(store);
  REQUIRE(back.size() == letters.size());
  for (std::size_t i = 0; i < letters.size(); ++i) {
    CHECK(fields_of(back[i].letter) == fields_of(letters[i]));
    CHECK(back[i].id == static_cast<std::int64_t>(i + 1));
    CHECK(back[i].state == letter_state::waiting);
    CHECK(back[i].transformer == transformer_number{1});
    CHECK(back[i].source == (letters[i].input.source == 1 ? "a.csv" : "b.csv"));
    CHECK(back[i].run == 1);
    CHECK(back[i].known.at_s == 5'000);
  }
  const auto records = journalled(store);
  REQUIRE(records.size() == 1);
  CHECK(records[0].run == 1);
  CHECK(records[0].known.at_s == 5'000);
  REQUIRE(records[0].letters.size() == letters.size());
  for (std::size_t i = 0; i < letters.size(); ++i) {
    CHECK(records[0].letters[i].id == back[i].id);
    CHECK(records[0].letters[i].transformer == transformer_number{1});
    CHECK(fields_of(records[0].letters[i].content) == fields_of(letters[i]));
  }
}

TEST_CASE("dead_letters: letters bring the run, its estate and its sources, and stand in the chain") {
  const store_fixture store;
  {
    store_writer writer = store.writer(rows, {"a.csv"});
    REQUIRE(writer.commit(group_of({letter_of(1, 5)})));
  }
  CHECK(store.rows_in("runs") == 1);
  CHECK(store.rows_in("sources") == 1);
  CHECK(store.number("SELECT group_concat(kind, '') = '218' FROM (SELECT kind FROM journal ORDER BY id)") == 1);
  CHECK(broken_links(store) == 0);
}

TEST_CASE("dead_letters: the same input is one letter, whose attempts add up and whose rest is as it came last") {
  const store_fixture store;
  run_with(store, group_of({letter_of(1, 5), letter_of(1, 6)}));
  dead_letter again = letter_of(1, 5, 2, letter_cause::process_died, "it died");
  again.twin = {9}; // the estate has moved it
  again.reading.version = 4;
  again.reading.content = estimate_of(7);
  group_commit group = group_of({again});
  group.transformers[0].transformer = {2};
  run_with(store, group);
  REQUIRE(store.rows_in("dead_letters") == 2);
  const std::vector<kept_letter> all = listed(store);
  dead_letter expected = again;
  expected.attempts = 5;
  CHECK(fields_of(all[0].letter) == fields_of(expected));
  CHECK(all[0].transformer == transformer_number{2});
  CHECK(all[0].run == 2);
  CHECK(fields_of(all[1].letter) == fields_of(letter_of(1, 6)));
  CHECK(all[1].run == 1);
  const auto records = journalled(store);
  REQUIRE(records.size() == 2);
  REQUIRE(records[1].letters.size() == 1);
  CHECK(records[1].letters[0].id == all[0].id);
  CHECK(records[1].letters[0].content.attempts == 2); // of that time
}

TEST_CASE("dead_letters: inputs that differ in place, text or meter are letters of their own") {
  const store_fixture store;
  std::vector<dead_letter> letters(5, letter_of(1, 5));
  letters[1].input.source = 2;
  letters[2].input.item = 1;
  letters[3].input.raw += 'x';
  letters[4].input.meter = to_string(test_mpan(2));
  run_with(store, group_of(letters));
  CHECK(store.rows_in("dead_letters") == 5);
}

TEST_CASE("dead_letters: one that is known as it is writes nothing, not even its run") {
  const store_fixture store;
  const dead_letter parked = letter_of(1, 5, 0, letter_cause::twin_parked, "its twin is parked");
  run_with(store, group_of({letter_of(1, 5), letter_of(1, 6)}));
  run_with(store, group_of({letter_of(1, 7, 0, letter_cause::twin_parked, "its twin is parked")}));
  const std::string before = store.dump();
  run_with(store, group_of({letter_of(1, 7, 0, letter_cause::twin_parked, "its twin is parked")}));
  run_with(store, group_of({parked}));
  run_with(store, group_of({}, {77})); // and so does one that is not there
  CHECK(store.dump() == before);
}

TEST_CASE("V10 dead_letters: one that its parked twin was not asked about keeps its cause and its reason") {
  const store_fixture store;
  run_with(store, group_of({letter_of(1, 5), letter_of(1, 6, 3, letter_cause::process_died, "it died")}));
  dead_letter parked = letter_of(1, 5, 0, letter_cause::twin_parked, "its twin is parked");
  dead_letter moved = letter_of(1, 6, 0, letter_cause::twin_parked, "its twin is parked");
  moved.twin = {9}; // which is news, its cause is not
  run_with(store, group_of({parked, moved}), 5'000);
  const std::vector<kept_letter> all = listed(store);
  CHECK(fields_of(all[0].letter) == fields_of(letter_of(1, 5)));
  CHECK(all[0].known.at_s == 5'000);
  CHECK(all[1].letter.cause == letter_cause::process_died);
  CHECK(all[1].letter.input.detail == "it died");
  CHECK(all[1].letter.twin == twin_slot{9});
  // What a parked twin was asked about, and what had been settled, waits for what it says now.
  parked.attempts = 1;
  run_with(store, group_of({parked}));
  CHECK(listed(store)[0].letter.cause == letter_cause::twin_parked);
  CHECK(listed(store)[0].letter.attempts == 4);
  run_with(store, group_of({}, {2}));
  run_with(store, group_of({moved}));
  CHECK(listed(store)[1].state == letter_state::waiting);
  CHECK(listed(store)[1].letter.cause == letter_cause::twin_parked);
  CHECK(listed(store)[1].letter.input.detail == "its twin is parked");
  // What ended processes says so, also where it came from elsewhere before.
  run_with(store, group_of({letter_of(1, 5, 0, letter_cause::process_died, "it died")}));
  CHECK(listed(store)[0].letter.cause == letter_cause::process_died);
}

TEST_CASE("dead_letters: the earliest time at which a letter was known counts") {
  const std::int64_t end = letter_of(1, 5).reading.period.end_s();
  const dead_letter parked = letter_of(1, 5, 0, letter_cause::twin_parked);
  for (const bool turned : {false, true}) {
    const store_fixture store;
    run_with(store, group_of({parked}), turned ? end + 10 : end + 20);
    run_with(store, group_of({parked}), turned ? end + 20 : end + 10);
    CHECK(only(store).known.at_s == end + 10);
    CHECK(only(store).run == (turned ? 1 : 2));
    run_with(store, group_of({parked})); // with the end of its half hour
    CHECK(only(store).known == known_time{});
    run_with(store, group_of({parked}), end + 1);
    CHECK(only(store).known == known_time{});
    run_with(store, group_of({parked}), end - 1);
    CHECK(only(store).known.at_s == end - 1);
    run_with(store, group_of({letter_of(1, 5)}), end + 30); // with news, but later
    CHECK(only(store).letter.attempts == 3);
    CHECK(only(store).known.at_s == end - 1);
  }
}

TEST_CASE("dead_letters: what was judged after all is settled, and waits again when it fails again") {
  const store_fixture store;
  run_with(store, group_of({letter_of(1, 5), letter_of(1, 6)}));
  run_with(store, group_of({}, {1}));
  CHECK(listed(store)[0].state == letter_state::settled);
  CHECK(listed(store)[1].state == letter_state::waiting);
  CHECK(store.rows_in("runs") == 2);
  CHECK(journalled(store).back().settled == std::vector<std::int64_t>{1});
  CHECK(journalled(store).back().letters.empty());
  const std::string before = store.dump();
  run_with(store, group_of({}, {1}));
  CHECK(store.dump() == before);
  // Even where nothing about it is new, and also where it is settled by the same group.
  run_with(store, group_of({letter_of(1, 5, 0)}, {2}));
  CHECK(listed(store)[0].state == letter_state::waiting);
  CHECK(listed(store)[0].letter.attempts == 3);
  CHECK(listed(store)[1].state == letter_state::settled);
  run_with(store, group_of({letter_of(1, 5, 0)}, {1}));
  CHECK(listed(store)[0].state == letter_state::waiting);
  CHECK(broken_links(store) == 0);
}

TEST_CASE("dead_letters: what an operator has dropped stays dropped and as it was") {
  const store_fixture store;
  run_with(store, group_of({letter_of(1, 5)}));
  drop(store, 1);
  const std::string before = store.dump();
  run_with(store, group_of({letter_of(1, 5, 3, letter_cause::process_died, "another reason")}, {1}), 1);
  CHECK(only(store).state == letter_state::dropped);
  CHECK(store.dump() == before);
}

TEST_CASE("dead_letters: ending a letter tells what it was") {
  const store_fixture store;
  run_with(store, group_of({letter_of(1, 5)}));
  sqlite_database database = store.writer_connection();
  auto table = letter_table::open(database);
  REQUIRE(table);
  using state = std::optional<letter_state>;
  CHECK(*table->end(2, letter_state::settled) == state());
  CHECK(*table->end(1, letter_state::settled) == letter_state::waiting);
  CHECK(*table->end(1, letter_state::dropped) == letter_state::settled);
  CHECK(only(store).state == letter_state::settled);
}

TEST_CASE("dead_letters: letters are asked for by id, state and meter") {
  const store_fixture store;
  run_with(store, group_of({letter_of(1, 5), letter_of(2, 6), letter_of(1, 7), letter_of(2, 8)}));
  run_with(store, group_of({}, {3}));
  drop(store, 4);
  const auto ids = [&](const letter_filter& wanted) {
    std::vector<std::int64_t> out;
    for (const kept_letter& letter : listed(store, wanted))
      out.push_back(letter.id);
    return out;
  };
  using list = std::vector<std::int64_t>;
  CHECK(ids({}) == list{1, 2, 3, 4});
  CHECK(ids({2, {}, {}}) == list{2});
  CHECK(ids({5, {}, {}}).empty());
  CHECK(ids({{}, letter_state::waiting, {}}) == list{1, 2});
  CHECK(ids({{}, letter_state::settled, {}}) == list{3});
  CHECK(ids({{}, letter_state::dropped, {}}) == list{4});
  CHECK(ids({{}, {}, test_mpan(1)}) == list{1, 3});
  CHECK(ids({{}, letter_state::waiting, test_mpan(2)}) == list{2});
  CHECK(ids({1, letter_state::settled, {}}).empty());
  CHECK(ids({{}, {}, test_mpan(3)}).empty());
  // Whoever has seen enough ends it.
  sqlite_database database = store.reader_connection();
  list seen;
  CHECK(for_each_letter(database, {}, [&](const kept_letter& letter) {
    seen.push_back(letter.id);
    return letter.id < 2;
  }));
  CHECK(seen == list{1, 2});
}

TEST_CASE("dead_letters: a row that makes no sense is said to be damaged") {
  const store_fixture store;
  run_with(store, group_of({letter_of(1, 5)}));
  sqlite_database database = store.writer_connection();
  for (const char* const damage :
       {"quantity = 'XX'", "period = 0", "period = 5000000", "version = 0", "version = 65536", "quality = 38",
        "quality = -1", "reasons = 65536", "cause = ''", "state = 'lost'"}) {
    CAPTURE(damage);
    REQUIRE(database.execute("SAVEPOINT whole"));
    const std::string sql = "UPDATE dead_letters SET " + std::string(damage);
    REQUIRE(database.execute(sql_text::of_a_test(sql)));
    const auto found = list_letters(database);
    REQUIRE(!found);
    CHECK(found.failure().code == errc::store_failed);
    CHECK(found.failure().message.find("dead letter 1 ") != std::string::npos);
    REQUIRE(database.execute("ROLLBACK TO whole"));
    REQUIRE(database.execute("RELEASE whole"));
  }
  CHECK(list_letters(database));
}
