#include "tests/support/transformer_fixture.hpp"

#include "src/store/bytes.hpp"
#include "twins/settlement_inputs.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <thread>

namespace gridtwin::testing {

TEST_CASE("a hosted twin answers a question sent to its own handle") {
  transformer_fixture f;
  f.start();
  f.assess(1, {{0, 0, 100}, {0, 1, 200}, {1, 0, 300}, {0, 1, 200}, {0, 2, -1}, {0, 1, 201}});
  const auto state = f.ask<meter_state>(f.twin(0), state_query{});
  REQUIRE(state);
  CHECK(state->mpan == f.run_data->estate->connections[0].mpan.number);
  CHECK(state->accepted == 2);
  CHECK(state->duplicates == 1);
  CHECK(state->refused == 1);
  CHECK(state->conflicts == 1);
  CHECK(state->last_period == period_at(test_day, 0).number); // the later one is contradicted
  CHECK(f.ask<meter_state>(f.twin(1), state_query{})->accepted == 1);
}

TEST_CASE("a meter that is appointed from a half hour on has what is before it quarantined") {
  transformer_fixture f;
  settlement_inputs inputs;
  const period first = period_at(test_day, 2);
  const auto mpan_of = [&f](std::size_t place) { return f.run_data->estate->connections[place].mpan; };
  inputs.appointments.push_back({mpan_of(1), quantity::active_import, {"DS1", {first.number, first.number + 2}}});
  f.run_data->appointed = appointed_ranges(*f.run_data->estate, inputs);
  f.start();
  const auto part = f.assess(1, {{0, 1, 100}, {1, 1, 1}, {1, 2, 20}, {1, 3, 300}, {1, 4, 4000}, {2, 4, 50'000}});
  CHECK(part->counts.of(verdict::accepted) == 4);
  CHECK(part->counts.of(verdict::not_appointed) == 2);
  CHECK(part->counts.energy_wh[index_of(quantity::active_import)] == 50'420);
  REQUIRE(part->commit.rejects.size() == 2);
  CHECK(part->commit.rejects[0].period_end == format_period(period_at(test_day, 1)));
  CHECK(part->commit.rejects[1].period_end == format_period(period_at(test_day, 4)));
  CHECK(part->commit.rejects[0].detail == "the half hour is outside the meter's appointments in appointments.csv");
  CHECK(f.ask<meter_state>(f.twin(1), state_query{})->refused == 2);
  // The day is open now: what follows takes the short way, where it may.
  const auto next = f.assess(2, {{1, 5, 1}, {0, 5, 1}});
  CHECK(next->counts.of(verdict::not_appointed) == 1);
  CHECK(next->counts.of(verdict::accepted) == 1);
}

TEST_CASE("a question that a twin does not understand is answered with an error, not with silence") {
  transformer_fixture f;
  f.start();
  CHECK_FALSE(f.ask<meter_state>(f.twin(0), release_days{1}));
  CHECK_FALSE(f.ask<caf::actor>(f.host, twin_query{99}));
}

TEST_CASE("days that were not used are forgotten only when they are durable, and come back from the store") {
  transformer_fixture f;
  f.start();
  const auto part = f.assess(1, {{0, 0, 100}, {1, 0, 300}});
  CHECK(f.run_data->open_days.load() == 2);
  f.self->send(f.host, release_days{2});
  f.run();
  CHECK(f.run_data->open_days.load() == 2); // group 1 is not committed
  const auto bytes = unpack(part->commit.days.at(0).added);
  REQUIRE(decode_fragment(*bytes, test_day, [&](const stored_reading& r) {
    f.days.readings[{{7}, test_day}].push_back(r);
  }));
  f.days.stored_loads[{{7}, test_day}] = *unpack(part->commit.days.at(0).loads);
  f.run_data->committed_group = 1;
  f.self->send(f.host, release_days{2});
  f.run();
  CHECK(f.run_data->open_days.load() == 0);
  const auto again = f.assess(2, {{0, 0, 100}, {0, 0, 99}});
  CHECK(f.days.loaded == 1);
  CHECK(again->counts.of(verdict::duplicate) == 1);
  CHECK(again->counts.of(verdict::conflict) == 1);
  CHECK(transformer_fixture::load_of(*again)[0].import_wh == 300);
}

TEST_CASE("AG-03 the totals that a batch makes durable are those of the set, whatever the order") {
  std::vector<row> rows{{0, 0, 100}, {1, 0, 200},    {2, 0, 300},     {0, 0, 100},
                        {1, 0, 201}, {2, 0, 310, 2}, {3, 5, 70'000'0}};
  rows.back().wh = 7;
  std::optional<day_load> first;
  for (int turn = 0; turn < 20; ++turn) {
    std::rotate(rows.begin(), rows.begin() + 1 + turn % 3, rows.end());
    transformer_fixture f;
    f.start();
    const day_load load = transformer_fixture::load_of(*f.assess(1, rows));
    if (!first)
      first = load;
    CHECK(load == *first);
  }
  CHECK((*first)[0].import_wh == 410); // the contradicted one counts for nothing, the corrected one by version 2
  CHECK((*first)[0].reported == 2);
  CHECK((*first)[0].revision == 3);
}

TEST_CASE("a reading that comes by its twin's handle is judged and folded, where nothing is stored") {
  transformer_fixture f;
  f.run_data->stores = false;
  f.start();
  const period first = period_at(test_day, 0);
  const period second = period_at(test_day, 1);
  const caf::actor one = f.twin(0);
  for (const offered_reading& r :
       {offered_reading{quantity::active_import, first, 100}, offered_reading{quantity::active_import, second, 50},
        offered_reading{quantity::active_import, first, 100}, // again
        offered_reading{quantity::active_import, second, -1}})
    f.self->send(one, r);
  f.run();
  const auto accepted = f.ask<accepted_count>(f.host, accepted_query{});
  REQUIRE(accepted);
  CHECK(accepted->readings == 2);
  CHECK(accepted->wh == 150);
  const auto state = f.ask<meter_state>(one, state_query{});
  REQUIRE(state);
  CHECK(state->accepted == 2);
  CHECK(state->duplicates == 1);
  CHECK(state->refused == 1);
  // The same sets as by a group: what is known already is a duplicate there, too.
  const auto part = f.assess(1, {{0, 0, 100}, {0, 2, 7}});
  CHECK(part->counts.of(verdict::duplicate) == 1);
  CHECK(part->counts.of(verdict::accepted) == 1);
  CHECK(part->commit.days.empty()); // nothing is made ready for a store
  CHECK(part->commit.journal_section.empty());
}

TEST_CASE("a reading that comes by its twin's handle changes nothing where readings are stored") {
  transformer_fixture f;
  f.start();
  f.self->send(f.twin(0), offered_reading{quantity::active_import, period_at(test_day, 0), 100});
  f.run();
  CHECK(f.ask<accepted_count>(f.host, accepted_query{})->readings == 0);
  CHECK(f.ask<meter_state>(f.twin(0), state_query{})->accepted == 0);
}

TEST_CASE("a group in any order adds the same to the journal and to the day, twice over days and meters") {
  // Places and days alternate, so that the rows of a place are begun more than once.
  transformer_fixture f;
  f.start();
  std::vector<row> rows;
  for (int slot = 0; slot < 60; ++slot)
    for (const std::uint32_t meter : {3U, 0U, 2U})
      rows.push_back({meter, (slot * 7) % 60, 10 + slot});
  const auto part = f.assess(1, rows);
  CHECK(part->counts.of(verdict::accepted) == 180);
  std::size_t in_days = 0;
  for (const day_commit& day : part->commit.days) {
    std::set<std::pair<std::uint32_t, int>> keys;
    REQUIRE(decode_fragment(*unpack(day.added), day.day, [&](const stored_reading& r) {
      keys.emplace(r.twin.value, r.slot);
      ++in_days;
      const int at = period_at(day.day, r.slot).number - period_at(test_day, 0).number;
      int slot = 0;
      while ((slot * 7) % 60 != at)
        ++slot;
      CHECK(r.content.wh == 10 + slot);
    }));
  }
  CHECK(in_days == 180);
  std::vector<stored_reading> journal;
  REQUIRE(decode_section(*unpack(part->commit.journal_section), journal));
  REQUIRE(journal.size() == 180);
  for (std::size_t i = 0; i < journal.size(); ++i)
    CHECK(journal[i].twin.value == rows[i].meter); // in the order of arrival
}

TEST_CASE("a reading that is stored as known later is stored again when its equal was known earlier") {
  transformer_fixture f;
  stored_reading stored;
  stored.twin = {1};
  stored.day = test_day;
  stored.slot = 3;
  stored.content.wh = 500;
  f.days.readings[{{7}, test_day}] = {stored};
  f.days.known[{{7}, test_day}] = {period_at(test_day, 40).end_s()};
  f.run_data->known = {period_at(test_day, 20).end_s()};
  f.start({test_day});
  const auto part = f.assess(1, {{1, 3, 500}});
  CHECK(part->counts.of(verdict::duplicate) == 1);
  std::vector<stored_reading> journal;
  REQUIRE(decode_section(*unpack(part->commit.journal_section), journal));
  CHECK(journal.size() == 1);
  REQUIRE(part->commit.days.size() == 1);
  std::size_t in_day = 0;
  REQUIRE(decode_fragment(*unpack(part->commit.days[0].added), test_day, [&](const stored_reading& r) {
    ++in_day;
    CHECK(r.slot == 3);
    CHECK(r.content.wh == 500);
  }));
  CHECK(in_day == 1);
  const auto again = f.assess(2, {{1, 3, 500}});
  CHECK(again->counts.of(verdict::duplicate) == 1);
  CHECK(again->commit.journal_section.empty());
}

TEST_CASE("fragments of a day are merged when a run ends, unless they became known at different times") {
  for (const bool other_known : {false, true}) {
    transformer_fixture f;
    stored_reading stored;
    stored.twin = {1};
    stored.day = test_day;
    stored.content.wh = 500;
    f.days.readings[{{7}, test_day}] = {stored};
    if (other_known)
      f.days.known[{{7}, test_day}] = {period_at(test_day, 40).end_s()};
    f.days.fragments = open_days::merge_at;
    const half_hour_load one{500, 0, 1, 0, 1};
    std::vector<feeder_day_load> loads{{"01", {}}};
    loads[0].load[0] = one;
    f.days.stored_loads[{{7}, test_day}] = encode_loads(loads);
    f.start({test_day}, {test_day});
    f.self->send(f.host, summarise_days{});
    f.run();
    f.self->receive([&](const summary_part& part) {
      REQUIRE(!part.part->failure);
      REQUIRE(part.part->summary.days.size() == 1);
      CHECK(part.part->summary.days[0].merged.empty() == other_known);
      CHECK(!part.part->summary.days[0].nodes.empty());
    });
  }
}

TEST_CASE("questions from other threads while batches are judged: no answer is lost, none is torn") {
  memory_days days;
  const auto run = run_of(small_estate(50), days);
  system_config config(caf::atom("sharing"));
  caf::actor_system system(config);
  caf::scoped_actor self(system);
  const caf::actor host =
    system.spawn(transformer, transformer_options{run, {0}, caf::actor_cast<caf::actor>(self), {}, {}});
  std::vector<caf::actor> twins;
  for (std::uint32_t i = 0; i < 50; ++i)
    self->request(host, caf::infinite, twin_query{i})
      .receive([&](const caf::actor& a) { twins.push_back(a); }, [](caf::error&) {});
  REQUIRE(twins.size() == 50);
  std::atomic<int> answers{0};
  std::thread asker([&] {
    caf::scoped_actor me(system);
    for (int i = 0; i < 500; ++i)
      me->request(twins[static_cast<std::size_t>(i) % twins.size()], caf::infinite, state_query{})
        .receive([&](const meter_state& s) { answers += s.accepted <= 48 ? 1 : 0; }, [](caf::error&) {});
  });
  std::int64_t accepted = 0;
  for (int slot = 0; slot < 48; ++slot) {
    std::vector<row> rows;
    for (std::uint32_t i = 0; i < 50; ++i)
      rows.push_back({i, slot, slot * 10});
    self->send(host, assess_group{group_of(static_cast<std::uint64_t>(slot + 1), rows)});
  }
  for (int slot = 0; slot < 48; ++slot)
    self->receive(
      [&](const group_assessed& done) { accepted += done.group->part_of({0}).counts.of(verdict::accepted); });
  asker.join();
  CHECK(accepted == 48 * 50);
  CHECK(answers == 500);
  // A handle outlives its host: the question comes back as an error.
  caf::anon_send_exit(host, caf::exit_reason::user_shutdown);
  self->wait_for(host);
  bool refused = false;
  self->request(twins[0], caf::infinite, state_query{})
    .receive([](const meter_state&) {}, [&](caf::error&) { refused = true; });
  CHECK(refused);
}

} // namespace gridtwin::testing
