#include "tests/support/temporary_folder.hpp"
#include "tests/support/transformer_fixture.hpp"

#include "src/commands/replay_report.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <utility>
#include <vector>

namespace gridtwin::testing {

namespace {

constexpr std::int64_t poison_wh = 666;
int throws_left = 0;

/// A twin with a bug: it breaks on one value, as often as a test says.
assessment fragile_assess(meter_twin& twin, const reading& r, const connection& meter, const rule_limits& limits) {
  if (r.content.wh == poison_wh && throws_left > 0) {
    --throws_left;
    twin.assess(r, meter, limits); // leaves its state half done, too
    throw std::runtime_error("poisoned");
  }
  return twin.assess(r, meter, limits);
}

} // namespace

TEST_CASE("a twin that is killed goes down alone, its monitors are told, and its successor knows what it knew") {
  transformer_fixture f;
  f.start();
  f.assess(1, {{0, 0, 100}, {1, 0, 300}});
  const caf::actor victim = f.twin(0);
  const caf::actor sibling = f.twin(1);
  f.self->monitor(victim);
  caf::anon_send_exit(victim, caf::exit_reason::kill);
  f.run();
  bool told = false;
  f.self->receive([&](const caf::down_msg& down) {
    told = true;
    CHECK(down.source == victim);
    CHECK(down.reason == caf::exit_reason::kill);
  });
  CHECK(told);
  CHECK_FALSE(f.ask<meter_state>(victim, state_query{})); // bounced: it is dead
  CHECK(f.twin(1) == sibling);
  CHECK(f.twin(0) != victim);
  const auto part = f.assess(2, {{0, 0, 100}, {0, 1, 50}}); // the first was given to the predecessor
  CHECK(part->counts.of(verdict::duplicate) == 1);
  CHECK(part->counts.of(verdict::accepted) == 1);
}

TEST_CASE("a twin whose code throws in the middle of a batch goes down alone and is rebuilt") {
  transformer_fixture f;
  f.run_data->assess = fragile_assess;
  f.start();
  f.assess(1, {{0, 0, 100}, {1, 0, 300}});
  const caf::actor victim = f.twin(0);
  const caf::actor sibling = f.twin(1);
  f.self->monitor(victim);
  throws_left = 1; // fails once, then works: the reading itself was innocent
  const auto part = f.assess(2, {{1, 1, 10}, {0, 1, 20}, {0, 2, poison_wh}, {1, 2, 30}, {0, 3, 40}, {0, 0, 100}});
  f.self->receive([&](const caf::down_msg& down) {
    CHECK(down.source == victim);
    CHECK(down.reason == caf::sec::runtime_error);
  });
  CHECK(part->counts.of(verdict::accepted) == 5);
  CHECK(part->counts.of(verdict::duplicate) == 1); // the reading of group 1, which is not committed yet
  CHECK(f.twin(1) == sibling);
  CHECK(f.ask<meter_state>(f.twin(1), state_query{})->accepted == 3);
  const day_load load = transformer_fixture::load_of(*part);
  CHECK(load[0].import_wh == 400);
  CHECK(load[1].import_wh == 30);
  CHECK(load[2].import_wh == poison_wh + 30);
  CHECK(load[3].import_wh == 40);
}

TEST_CASE("V6 a reading that makes its twin throw three times is a dead letter, and the twin goes on with the next") {
  transformer_fixture f;
  f.run_data->assess = fragile_assess;
  f.start();
  throws_left = 3;
  const auto part = f.assess(1, {{0, 0, 20}, {0, 1, poison_wh, 2}, {0, 2, 40}, {0, 3, poison_wh}});
  CHECK(throws_left == 0);
  CHECK(part->counts.of(verdict::twin_failed) == 1);
  CHECK(part->counts.quarantined() == 1);
  CHECK(part->counts.of(verdict::accepted) == 3);
  CHECK(part->counts.readings() == 4);
  CHECK(part->commit.rejects.empty());
  REQUIRE(part->commit.letters.size() == 1);
  const dead_letter& letter = part->commit.letters[0];
  CHECK(letter.input.raw == "meter 0 value 666");
  CHECK(letter.input.line == 3);
  CHECK(letter.input.verdict == verdict::twin_failed);
  CHECK(letter.input.detail == "poisoned");
  CHECK(letter.cause == letter_cause::threw);
  CHECK(letter.attempts == 3);
  CHECK(letter.twin == twin_slot{0});
  CHECK(letter.reading == reading{quantity::active_import, period_at(test_day, 1), 2, {poison_wh, actual, {}}});
  REQUIRE(part->commit.faults.size() == 1);
  CHECK(part->commit.faults[0].restarts == 3);
  CHECK_FALSE(part->commit.faults[0].parked);
  CHECK(part->commit.faults[0].reason == "poisoned");
  CHECK(part->commit.faults[0].meter == f.run_data->estate->connections[0].mpan);
  CHECK(part->supervision.deaths[index_of(death_reason::threw)] == 3);
  CHECK(part->supervision.restarts[index_of(death_reason::threw)] == 3);
  CHECK(part->supervision.parked == 0);
  const day_load load = transformer_fixture::load_of(*part);
  CHECK(load[0].import_wh == 20);
  CHECK(load[1].reported == 0);
  CHECK(load[2].import_wh == 40);
}

TEST_CASE("V2 a twin that throws on everything is restarted three times and parked; its siblings see nothing") {
  transformer_fixture f;
  f.run_data->assess = fragile_assess;
  f.start();
  throws_left = 1000;
  auto part = f.assess(1, {{0, 0, 20}, {1, 0, 1}, {0, 1, poison_wh}, {0, 2, poison_wh}, {0, 3, 40}, {1, 1, 2}});
  CHECK(throws_left == 1000 - 4);
  CHECK(part->counts.of(verdict::twin_failed) == 3); // two on which it failed, and one after it was parked
  CHECK(part->counts.of(verdict::accepted) == 3);
  REQUIRE(part->commit.letters.size() == 3);
  CHECK(part->commit.letters[0].cause == letter_cause::threw);
  CHECK(part->commit.letters[1].cause == letter_cause::twin_parked);
  CHECK(part->commit.letters[1].attempts == 1);
  CHECK(part->commit.letters[2].cause == letter_cause::twin_parked);
  CHECK(part->commit.letters[2].attempts == 0);
  CHECK(part->supervision.restarts[index_of(death_reason::threw)] == 3);
  CHECK(part->supervision.parked == 1);
  REQUIRE(part->commit.faults.size() == 1);
  CHECK(part->commit.faults[0].parked);
  CHECK_FALSE(f.ask<meter_state>(f.twin(0), state_query{}));
  CHECK(f.ask<meter_state>(f.twin(1), state_query{})->accepted == 2);
  part = f.assess(2, {{0, 4, 50}, {1, 2, 3}});
  CHECK(part->counts.of(verdict::twin_failed) == 1);
  CHECK(part->commit.faults.empty());
  CHECK(part->supervision == supervision_counters{});
  const day_load load = transformer_fixture::load_of(*part);
  CHECK(load[0].import_wh == 21);
  CHECK(load[2].import_wh == 3);
}

TEST_CASE("V3 bad firmware on a feeder: one escalation and one alert, and nobody else sees anything") {
  transformer_fixture f(80); // 40 on each feeder
  f.run_data->assess = fragile_assess;
  f.start();
  throws_left = 1'000'000;
  std::vector<row> rows;
  const auto fall = [&rows](std::uint32_t meter) {
    for (int slot = 0; slot < 2; ++slot)
      rows.push_back({meter, slot, poison_wh});
  };
  fall(0);
  fall(1);
  fall(79); // of the other feeder, alone
  auto part = f.assess(1, rows);
  CHECK(part->supervision.parked == 3);
  CHECK(part->supervision.escalations == 0); // two of 40 are 5 %, no more
  rows.clear();
  fall(2);
  for (std::uint32_t meter = 12; meter < 79; ++meter)
    rows.push_back({meter, 0, 5});
  part = f.assess(2, rows);
  CHECK(part->supervision.parked == 1);
  CHECK(part->supervision.escalations == 1);
  CHECK(part->supervision.restarts[index_of(death_reason::threw)] == 3);
  CHECK(part->escalated == std::vector<feeder_index>{{0}});
  CHECK(part->counts.of(verdict::accepted) == 67);
  supervision_tally tally;
  tally.escalated = part->escalated;
  rows.clear();
  for (std::uint32_t meter = 3; meter < 12; ++meter)
    fall(meter);
  rows.push_back({12, 1, 5});
  part = f.assess(3, rows);
  CHECK(part->supervision.parked == 9);
  CHECK(part->supervision.escalations == 0); // it was said
  CHECK(part->escalated.empty());
  CHECK(part->counts.of(verdict::accepted) == 1);
  for (std::uint32_t meter = 0; meter < 12; ++meter)
    tally.parked.push_back({meter});
  tally.parked.push_back({79});
  CHECK(escalation_text(*f.run_data->estate, tally, "my store")
        == "\nFeeders of which many twins were parked: look for one cause, as firmware or a format\n"
           "  T1/01: 12 of 40 twins; mend the cause, then gridtwin twins unpark MPAN --store 'my store' for each\n");
  CHECK(escalation_text(*f.run_data->estate, supervision_tally{}, "store").empty());
}

TEST_CASE("V1 a reading that its twin judges well gives it all its restarts back") {
  transformer_fixture f;
  f.run_data->assess = fragile_assess;
  f.start();
  for (int turn = 0; turn < 20; ++turn) {
    throws_left = 2; // it succeeds at the third attempt
    const auto part = f.assess(static_cast<std::uint64_t>(turn) + 1, {{0, turn, poison_wh}, {0, turn + 20, 5}});
    CHECK(part->counts.of(verdict::accepted) == 2);
    CHECK(part->commit.letters.empty());
    CHECK(part->supervision.restarts[index_of(death_reason::threw)] == 2);
  }
}

TEST_CASE("a twin that an earlier run parked judges nothing; what it would have judged is kept") {
  transformer_fixture f;
  f.run_data->parked = {{1}};
  f.start();
  const auto part = f.assess(1, {{0, 0, 20}, {1, 0, 1}});
  CHECK(part->counts.of(verdict::accepted) == 1);
  REQUIRE(part->commit.letters.size() == 1);
  CHECK(part->commit.letters[0].cause == letter_cause::twin_parked);
  CHECK(part->commit.letters[0].input.detail == "its twin is parked");
  CHECK_FALSE(f.ask<meter_state>(f.twin(1), state_query{}));
}

TEST_CASE("V10 a dead letter whose reading comes again is settled by what its twin makes of it now") {
  transformer_fixture f;
  const auto of = [](int slot, std::int64_t wh) {
    return reading{quantity::active_import, period_at(test_day, slot), 1, {wh, actual, {}}};
  };
  f.run_data->letters = {{{0}, 11, of(0, 20), false}, {{0}, 12, of(1, 30), false}, {{1}, 13, of(0, 5), true}};
  f.start();
  auto part = f.assess(1, {{0, 0, 20}, {0, 1, 31}, {0, 2, 40}, {1, 0, 5}, {1, 1, 6}});
  CHECK(part->counts.of(verdict::accepted) == 4);
  CHECK(part->commit.settled_letters == std::vector<std::int64_t>{11}); // 31 Wh is another reading than the letter's
  REQUIRE(part->commit.letters.size() == 1);                            // it ended processes: not to be judged
  CHECK(part->commit.letters[0].cause == letter_cause::process_died);
  CHECK(part->commit.letters[0].reading == of(0, 5));
  part = f.assess(2, {{0, 0, 20}});
  CHECK(part->counts.of(verdict::duplicate) == 1);
  CHECK(part->commit.settled_letters.empty()); // it is settled already, and counted
}

TEST_CASE("V10 V19 letters of equal readings, as a line that came twice leaves them, are all settled, each once") {
  transformer_fixture f;
  const auto of = [](int slot, std::int64_t wh) {
    return reading{quantity::active_import, period_at(test_day, slot), 1, {wh, actual, {}}};
  };
  f.run_data->letters = {{{0}, 11, of(0, 20), false},
                         {{0}, 12, of(1, 20), false},
                         {{0}, 14, of(0, 20), false},
                         {{0}, 15, of(0, 20), false},
                         {{1}, 13, of(0, 20), false}};
  f.start();
  supervision_tally tally;
  auto part = f.assess(1, {{0, 0, 20}, {0, 0, 20}}); // played again, each for itself
  tally.add(*part);
  CHECK(part->counts.of(verdict::accepted) == 1);
  CHECK(part->counts.of(verdict::duplicate) == 1);
  CHECK(part->commit.settled_letters == std::vector<std::int64_t>{11, 14, 15}); // of its meter and half hour alone
  part = f.assess(2, {{0, 0, 20}, {1, 0, 20}});
  tally.add(*part);
  CHECK(part->commit.settled_letters == std::vector<std::int64_t>{13});
  CHECK(tally.settled_letters == 4);
}

TEST_CASE("V7 a suspect is marked as tried alone, and one that was there at too many deaths is not tried") {
  const temporary_folder folder;
  auto marker = in_flight_marker_file::make(folder.path() / "in-flight");
  REQUIRE(marker);
  static const in_flight_marker_file* watched = nullptr;
  static std::vector<std::pair<std::uint64_t, bool>> seen; // line and whether alone, as a reading is judged
  watched = &*marker;
  seen.clear();
  transformer_fixture f;
  f.run_data->in_flight = &*marker;
  f.run_data->sources.add(1, "reads.csv");
  f.run_data->careful = std::make_unique<careful_readings>();
  f.run_data->careful->add("reads.csv", 3, 0, 1, false);
  f.run_data->careful->add("reads.csv", 5, 0, 3, true);
  f.run_data->careful->add("reads.csv", 9, 0, 1, false);
  f.run_data->assess = [](meter_twin& twin, const reading& r, const connection& meter, const rule_limits& limits) {
    const in_flight_slot& slot = watched->at(0);
    seen.emplace_back(slot.place().line, slot.alone());
    CHECK(slot.place().source == "reads.csv");
    return twin.assess(r, meter, limits);
  };
  f.start();
  const auto part = f.assess(1, {{0, 0, 20}, {0, 1, 30}, {0, 2, 40}, {0, 3, 50}, {1, 0, 60}});
  CHECK(seen == std::vector<std::pair<std::uint64_t, bool>>{{2, false}, {3, true}, {4, false}, {6, false}});
  CHECK_FALSE(marker->at(0).holds());
  CHECK(part->counts.of(verdict::accepted) == 4);
  REQUIRE(part->commit.letters.size() == 1);
  CHECK(part->commit.letters[0].cause == letter_cause::process_died);
  CHECK(part->commit.letters[0].attempts == 3);
  CHECK(part->commit.letters[0].input.line == 5);
  const auto handled = [&f](std::uint64_t line) {
    return f.run_data->careful->find("reads.csv", line, 0)->handled.load();
  };
  CHECK(handled(3));
  CHECK(handled(5));
  CHECK_FALSE(handled(9)); // it did not come
  // Where nothing is suspected, readings are marked as they are judged, too.
  seen.clear();
  f.run_data->careful = nullptr;
  f.assess(2, {{2, 0, 20}});
  CHECK(seen == std::vector<std::pair<std::uint64_t, bool>>{{2, false}});
}

TEST_CASE("a restarted twin is rebuilt from the store and from groups that are still on their way to it") {
  transformer_fixture f;
  stored_reading old{{0}, test_day, 5, quantity::active_import, 1, {70'000'0, actual, {}}, 1, 1};
  old.content.wh = 500;
  f.days.readings[{{7}, test_day}] = {old};
  f.run_data->assess = fragile_assess;
  f.start({test_day});
  f.assess(1, {{0, 0, 100}});
  throws_left = 1;
  const auto part = f.assess(2, {{0, 1, poison_wh}, {0, 5, 500}, {0, 0, 100}, {0, 0, 101}});
  CHECK(part->counts.of(verdict::duplicate) == 2);
  CHECK(part->counts.of(verdict::accepted) == 0); // the one of group 1 counts there, and is contradicted here
  CHECK(part->counts.of(verdict::conflict) == 2);
}

} // namespace gridtwin::testing
