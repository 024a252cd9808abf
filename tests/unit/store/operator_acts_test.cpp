#include "src/store/operator_acts.hpp"

#include "src/store/audit.hpp"
#include "tests/support/letter_fixture.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const std::vector<estate_row> rows{{"T1", "F1", 1}, {"T1", "F1", 2}, {"T2", "F1", 3}};
const acting by_ann{1'000, "ann", "the meter is gone"};
using state = std::optional<letter_state>;

/// A store with two letters, and two twins that are parked.
void fill(const store_fixture& store) {
  store_writer writer = store.writer(rows, {"a.csv"});
  group_commit group;
  group.transformers.emplace_back().transformer = {1};
  group.transformers[0].letters = {letter_of(1, 5), letter_of(2, 6)};
  group.transformers[0].faults = {{{1}, test_mpan(1), 3, true, "it threw"}, {{2}, test_mpan(2), 3, true, "it threw"}};
  REQUIRE(writer.commit(group));
  REQUIRE(writer.close());
}

std::vector<audit_event> acts_of(const store_fixture& store) {
  sqlite_database database = store.reader_connection();
  const auto acts = recorded_acts(database);
  REQUIRE(acts);
  std::vector<audit_event> out;
  for (const recorded_act& act : *acts)
    out.push_back(act.event);
  // What the journal has is the same.
  auto bodies = database.prepare("SELECT body FROM journal WHERE kind = 9 ORDER BY id");
  REQUIRE(bodies);
  for (const audit_event& event : out) {
    audit_event journalled;
    REQUIRE(bodies->step());
    REQUIRE(decode_audit(bodies->bytes(0), journalled));
    CHECK(journalled == event);
  }
  CHECK(!bodies->step());
  CHECK(broken_links(store) == 0);
  return out;
}

std::vector<suspect> suspects_of(const store_fixture& store) {
  sqlite_database database = store.reader_connection();
  auto out = suspects(database);
  REQUIRE(out);
  return std::move(*out);
}

} // namespace

TEST_CASE("operator_acts: a letter that waits is dropped, once, by somebody") {
  const store_fixture store;
  fill(store);
  CHECK(*drop_letter(store.folder(), 2, by_ann) == letter_state::waiting);
  CHECK(store.number("SELECT count(*) FROM dead_letters WHERE id = 2 AND state = 'dropped'") == 1);
  CHECK(store.number("SELECT count(*) FROM dead_letters WHERE id = 1 AND state = 'waiting'") == 1);
  CHECK(acts_of(store) == std::vector<audit_event>{{1'000, "ann", "drop-letter", "letter 2", "the meter is gone"}});
  const std::string before = store.dump();
  CHECK(*drop_letter(store.folder(), 2, by_ann) == letter_state::dropped);
  CHECK(*drop_letter(store.folder(), 3, by_ann) == state());
  CHECK(store.dump() == before);
}

TEST_CASE("operator_acts: an unparked twin may be parked again") {
  const store_fixture store;
  fill(store);
  CHECK(*unpark_twin(store.folder(), {1}, {2}, by_ann));
  CHECK(store.number("SELECT group_concat(slot) = '1' FROM parked_twins") == 1);
  CHECK(acts_of(store)
        == std::vector<audit_event>{{1'000, "ann", "unpark-twin",
                                     "meter " + to_string(test_mpan(2)) + " (transformer 1, twin 2)",
                                     "the meter is gone"}});
  const std::string before = store.dump();
  CHECK(!*unpark_twin(store.folder(), {1}, {2}, by_ann));
  CHECK(!*unpark_twin(store.folder(), {0}, {1}, by_ann));
  CHECK(store.dump() == before);
  fill(store);
  CHECK(store.rows_in("parked_twins") == 2);
  CHECK(store.number("SELECT run FROM parked_twins WHERE slot = 2") == 2);
}

TEST_CASE("operator_acts: each death of a process counts once for each input that it had in hand") {
  const store_fixture store;
  const std::string before = store.dump();
  CHECK(note_deaths(store.folder(), {}, by_ann)->empty());
  CHECK(store.dump() == before);
  const acting boot{2'000, "gridtwin", ""};
  const std::vector<suspect> first{{"b.csv", 9, 0}, {"a.csv", 5, 1}, {"b.csv", 9, 0, 7}, {"a.csv", 5, 0}};
  const auto after_one = note_deaths(store.folder(), first, boot);
  REQUIRE(after_one);
  CHECK(*after_one == std::vector<suspect>{{"a.csv", 5, 0, 1}, {"a.csv", 5, 1, 1}, {"b.csv", 9, 0, 1}});
  const auto after_two = note_deaths(store.folder(), std::vector<suspect>{{"a.csv", 5, 1}, {"a.csv", 10, 0}}, boot);
  REQUIRE(after_two);
  const std::vector<suspect> all{{"a.csv", 5, 0, 1}, {"a.csv", 5, 1, 2}, {"a.csv", 10, 0, 1}, {"b.csv", 9, 0, 1}};
  CHECK(*after_two == all);
  CHECK(suspects_of(store) == all);
  CHECK(acts_of(store)
        == std::vector<audit_event>{
          {2'000, "gridtwin", "note-deaths", "3 inputs", "a.csv line 5 (1); a.csv line 5 item 1 (1); b.csv line 9 (1)"},
          {2'000, "gridtwin", "note-deaths", "2 inputs", "a.csv line 5 item 1 (2); a.csv line 10 (1)"}});
}

TEST_CASE("operator_acts: suspects that are cleared are forgotten, the others are not") {
  const store_fixture store;
  const std::vector<suspect> all{{"a.csv", 5, 0}, {"a.csv", 5, 1}, {"a.csv", 6, 0}, {"b.csv", 5, 0}};
  REQUIRE(note_deaths(store.folder(), all, by_ann));
  const acting later{3'000, "gridtwin", "they were judged"};
  REQUIRE(forget_suspects(store.folder(), std::vector<suspect>{{"a.csv", 5, 1, 9}, {"c.csv", 5, 1}}, later));
  CHECK(suspects_of(store) == std::vector<suspect>{{"a.csv", 5, 0, 1}, {"a.csv", 6, 0, 1}, {"b.csv", 5, 0, 1}});
  CHECK(acts_of(store).back()
        == audit_event{3'000, "gridtwin", "forget-suspects", "1 input", "they were judged; a.csv line 5 item 1 (1)"});
  const std::string before = store.dump();
  REQUIRE(forget_suspects(store.folder(), std::vector<suspect>{{"a.csv", 5, 1, 9}}, later));
  REQUIRE(forget_suspects(store.folder(), {}, later));
  CHECK(store.dump() == before);
}

TEST_CASE("operator_acts: an event about very many inputs names as many as there is room for") {
  const store_fixture store;
  std::vector<suspect> many;
  for (std::uint64_t line = 1; line <= 5'000; ++line)
    many.push_back({"a-long-name-of-a-file.csv", line, 0});
  const auto noted = note_deaths(store.folder(), many, by_ann);
  REQUIRE(noted);
  CHECK(noted->size() == 5'000);
  const audit_event event = acts_of(store).at(0);
  CHECK(event.subject == "5000 inputs");
  CHECK(event.detail.size() <= longest_audit_text);
  CHECK(event.detail.size() > longest_audit_text - 200);
  CHECK(event.detail.find(" more", event.detail.size() - 5) != std::string::npos);
}

TEST_CASE("operator_acts: an act that cannot be recorded is not done") {
  const store_fixture store;
  fill(store);
  REQUIRE(note_deaths(store.folder(), std::vector<suspect>{{"a.csv", 5, 0}}, by_ann));
  const std::string before = store.dump();
  const acting nobody{1'000, "", ""};
  const std::vector<suspect> one{{"a.csv", 5, 0}};
  CHECK(drop_letter(store.folder(), 1, nobody).failure().code == errc::usage);
  CHECK(unpark_twin(store.folder(), {1}, {2}, nobody).failure().code == errc::usage);
  CHECK(note_deaths(store.folder(), one, nobody).failure().code == errc::usage);
  CHECK(forget_suspects(store.folder(), one, nobody).failure().code == errc::usage);
  CHECK(store.dump() == before);
}
