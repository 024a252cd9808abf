#include "tests/support/actor_fixture.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"
#include "twins/day_tree.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>

namespace gridtwin::testing {

namespace {

const std::vector<estate_row> meters{{"T1", "01", 1}, {"T1", "01", 2}, {"T1", "02", 3}, {"T1", "02", 4}};

/// What runs of a transformer commit to a real store.
struct stored_runs : deterministic_system {
  /// Judges groups of random readings, corrected and contradicted, over two days, and commits them.
  void run_once(seeded_random& random) {
    auto bound = store.bind(meters);
    auto data = std::make_shared<run_context>();
    auto e = std::make_shared<estate>(make_estate(meters));
    stored_days days(store.folder());
    data->estate = e;
    data->topology = std::make_shared<topology>(bound.topology);
    data->days = &days;
    store_writer writer = store.writer(meters, {"reads.csv"});
    data->run = writer.run();
    transformer_one = data->topology->number_of.at(0);
    slot_of = data->topology->slot_of;
    std::vector<utc_day> stored;
    store_reader reader = store.reader();
    REQUIRE(reader.for_each_day([&](transformer_number, utc_day day, bool) { stored.push_back(day); }));
    const caf::actor host =
      system.spawn(transformer, transformer_options{data, {0}, caf::actor_cast<caf::actor>(self), stored, {}});
    for (std::uint64_t group = 1; group <= 4; ++group)
      assess_and_commit(host, group, random, writer);
    caf::anon_send_exit(host, caf::exit_reason::user_shutdown);
    run();
    REQUIRE(writer.close());
  }

  void assess_and_commit(const caf::actor& host, std::uint64_t number, seeded_random& random, store_writer& writer) {
    std::vector<row> rows;
    for (int n = 0; n < 120; ++n)
      rows.push_back({static_cast<std::uint32_t>(random.below(meters.size())), random.between(0, 95),
                      random.between<std::int64_t>(0, random.chance(1, 4) ? 90'000 : 3),
                      random.between<std::uint16_t>(1, 2)});
    self->send(host, assess_group{group_of(number, rows)});
    run();
    group_commit commit;
    self->receive([&](const group_assessed& done) {
      const assessed_part& part = done.group->part_of({0});
      REQUIRE(!part.failure);
      commit.transformers = {part.commit};
    });
    REQUIRE(writer.commit(commit));
  }

  store_fixture store;
  transformer_number transformer_one;
  std::vector<twin_slot> slot_of;
};

/// Twins of a day by their slot, made of what the journal's records list; without those of one record.
std::map<std::uint32_t, meter_twin> twins_of_journal(store_reader& reader, transformer_number t, utc_day day,
                                                     std::optional<record_id> without = {}) {
  std::map<std::uint32_t, meter_twin> out;
  const auto records = reader.records_of(t, day);
  REQUIRE(records);
  for (const record_id record : *records) {
    if (record == without)
      continue;
    const auto recorded = reader.journal_readings(record, t);
    REQUIRE(recorded);
    for (const stored_reading& r : recorded->readings)
      if (r.day == day)
        out[r.twin.value].restore(day, r.quantity, r.slot, r.version, r.content, true);
  }
  return out;
}

/// Loads by feeder.
std::map<std::string, day_load> loads_of(const stored_runs& runs, const std::map<std::uint32_t, meter_twin>& twins,
                                         utc_day day) {
  const estate e = make_estate(meters);
  std::map<std::string, day_load> out;
  for (std::size_t i = 0; i < e.connections.size(); ++i)
    if (const auto twin = twins.find(runs.slot_of[i].value); twin != twins.end())
      add_meter(out[e.feeders[e.connections[i].feeder.value].id], twin->second, day);
  return out;
}

} // namespace

TEST_CASE("AG-11 what a store says of a feeder is what the journal's readings of its day come to") {
  seeded_random random(1111);
  stored_runs runs;
  for (int run = 0; run < 3; ++run)
    runs.run_once(random);
  store_reader reader = runs.store.reader();
  std::size_t days = 0;
  for (const utc_day day : {test_day, utc_day{test_day.number + 1}}) {
    const auto stored = reader.loads(runs.transformer_one, day);
    REQUIRE(stored);
    std::map<std::string, day_load> expected;
    for (const feeder_day_load& f : *stored)
      expected[f.feeder] = f.load;
    REQUIRE(expected.size() == 2);
    const auto twins = twins_of_journal(reader, runs.transformer_one, day);
    CHECK(loads_of(runs, twins, day) == expected);
    // Versions stand in it: contradicted and corrected half hours are there.
    std::set<std::uint32_t> revisions;
    for (const half_hour_load& cell : expected.at("01"))
      revisions.insert(cell.revision);
    CHECK(revisions.size() > 2);
    // Its hashes, too: those of the set that is stored are those of what the journal lists.
    std::map<std::uint32_t, meter_twin> kept;
    REQUIRE(reader.load(runs.transformer_one, day, [&](const stored_reading& r, const fragment_origin&) {
      kept[r.twin.value].restore(day, r.quantity, r.slot, r.version, r.content, true);
    }));
    REQUIRE(kept.size() == twins.size());
    for (const auto& [slot, twin] : twins) {
      const meter_day* const here = twin.find(day, quantity::active_import);
      const meter_day* const there = kept.at(slot).find(day, quantity::active_import);
      REQUIRE((here != nullptr && there != nullptr));
      CHECK(meter_day_hash({}, test_mpan(slot), day, quantity::active_import, *here)
            == meter_day_hash({}, test_mpan(slot), day, quantity::active_import, *there));
    }
    // No record is listed in vain: without any of them another sum would come out.
    const auto records = reader.records_of(runs.transformer_one, day);
    CHECK(records->size() == 12);
    for (const record_id record : *records)
      CHECK(loads_of(runs, twins_of_journal(reader, runs.transformer_one, day, record), day) != expected);
    ++days;
  }
  CHECK(days == 2);
}

} // namespace gridtwin::testing
