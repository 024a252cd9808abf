#include "src/store/moved_readings.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

using rows = std::vector<estate_row>;

constexpr utc_day some_day{20'522}; // 2026-03-10
constexpr std::int32_t always = period_range{}.first;
constexpr std::int32_t for_ever = period_range{}.end;

/// Number of the first half hour that starts at or after a time of `some_day`.
std::int32_t starting_at(int hour, int minute = 0) { return period_at(some_day, 0).number + hour * 2 + minute / 30; }

/// A reading of the tests' n-th meter.
struct meter_reading {
  std::uint64_t meter = 1;
  period when;
  content what;
  std::uint16_t version = 1;
  gridtwin::quantity of = quantity::active_import;
};

/// A store whose estate changes.
class changing_store {
public:
  explicit changing_store(const rows& first) { take(first); }

  const store_fixture& store() const { return store_; }
  const estate& now() const { return estate_; }
  const topology& names() const { return names_; }

  result<void> try_take(const rows& next) { return try_take(make_estate(next), bytes_of(next)); }
  result<void> try_take(const estate& e, const estate_bytes& bytes) {
    sqlite_database database = store_.reader_connection();
    auto bound = bind_topology(database, e, bytes);
    REQUIRE(bound);
    if (auto moved = move_readings(store_.folder(), e, bytes, *bound); !moved)
      return moved;
    estate_ = e;
    names_ = bound->topology;
    change_ = bound->change;
    bytes_ = bytes;
    return {};
  }
  void take(const rows& next) { REQUIRE(try_take(next)); }

  /// One run that adds these, a line each.
  void add(const std::vector<meter_reading>& readings, known_time known = {}) {
    auto writer = store_writer::open(store_.folder(),
                                     {"options", {"file"}, change_, std::make_shared<estate_bytes>(bytes_), known});
    REQUIRE(writer);
    change_ = {};
    std::map<std::uint32_t, std::vector<stored_reading>> by_transformer;
    for (const meter_reading& m : readings) {
      const std::size_t at = row_of(m.meter, m.when);
      const std::uint32_t t = estate_.transformer_of(estate_.connections[at]).value;
      stored_reading r;
      r.twin = names_.slot_of[at];
      r.day = m.when.day();
      r.slot = static_cast<std::uint8_t>(m.when.slot());
      r.quantity = m.of;
      r.version = m.version;
      r.content = m.what;
      r.source = writer->source_number(0);
      r.line = ++line_;
      by_transformer[t].push_back(r);
    }
    group_commit group;
    for (const auto& [t, of] : by_transformer)
      group.transformers.push_back(commit_of(names_.number_of[t], shard_of(estate_.transformers[t].id), of));
    REQUIRE(writer->commit(group));
    REQUIRE(writer->close());
  }

  /// The n-th meter's row that holds a half hour.
  std::size_t row_of(std::uint64_t meter, period p) const {
    std::size_t at = 0;
    while (at < estate_.connections.size()
           && (estate_.connections[at].mpan != test_mpan(meter) || !estate_.connections[at].effective.contains(p)))
      ++at;
    REQUIRE(at < estate_.connections.size());
    return at;
  }

  /// Every stored reading with its meter, where it came from and when it was known, from the day store and from the
  /// journal; each must stand at the place of its row.
  using stored_key = std::tuple<std::uint64_t, set_key, std::uint32_t, std::optional<std::int64_t>>;
  using journal_key = std::tuple<std::uint64_t, set_key, std::uint64_t>;
  std::pair<std::multiset<stored_key>, std::multiset<journal_key>> everything() const {
    std::pair<std::multiset<stored_key>, std::multiset<journal_key>> out;
    store_reader reader = store_.reader();
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> row_at;
    for (std::size_t i = 0; i < estate_.connections.size(); ++i)
      row_at[{names_.number_of[estate_.transformer_of(estate_.connections[i]).value].value, names_.slot_of[i].value}] =
        i;
    std::vector<std::pair<transformer_number, utc_day>> days;
    REQUIRE(reader.for_each_day([&](transformer_number t, utc_day day, bool) { days.emplace_back(t, day); }));
    int misplaced = 0;
    const auto meter_of = [&](transformer_number t, stored_reading& r) -> std::uint64_t {
      const auto at = row_at.find({t.value, r.twin.value});
      if (at == row_at.end() || !estate_.connections[at->second].effective.contains(period_at(r.day, r.slot))) {
        ++misplaced;
        return 0;
      }
      r.twin = {}; // slots differ from estate to estate
      return estate_.connections[at->second].mpan.number;
    };
    for (const auto& [t, day] : days) {
      REQUIRE(reader.load(t, day, [&, here = t](stored_reading r, const fragment_origin& from) {
        const std::uint64_t meter = meter_of(here, r);
        out.first.emplace(meter, set_key_of(r), from.run, from.known.at_s);
      }));
      auto records = reader.records_of(t, day);
      REQUIRE(records);
      for (const record_id record : *records) {
        const auto journal = reader.journal_readings(record, t);
        REQUIRE(journal);
        for (stored_reading r : journal->readings)
          if (r.day == day) {
            const std::uint64_t meter = meter_of(t, r);
            out.second.emplace(meter, set_key_of(r), r.line);
          }
      }
    }
    CHECK(misplaced == 0);
    return out;
  }

  /// Import of a transformer's half hour, over its feeders; nothing where no meter reported.
  std::optional<std::int64_t> import_wh(const std::string& transformer, period p) const {
    store_reader reader = store_.reader();
    std::optional<std::int64_t> sum;
    for (std::size_t t = 0; t < estate_.transformers.size(); ++t)
      if (estate_.transformers[t].id == transformer) {
        const auto loads = reader.loads(names_.number_of[t], p.day());
        REQUIRE(loads);
        for (const feeder_day_load& feeder : *loads)
          if (const half_hour_load& cell = feeder.load[static_cast<std::size_t>(p.slot())]; cell.reported != 0)
            sum = sum.value_or(0) + cell.import_wh;
      }
    return sum;
  }

private:
  store_fixture store_;
  estate estate_;
  topology names_;
  topology_change change_;
  estate_bytes bytes_;
  std::uint64_t line_ = 0;
};

std::vector<meter_reading> whole_day(std::uint64_t meter, std::int64_t wh) {
  std::vector<meter_reading> out;
  for (int slot = 0; slot < periods_per_day; ++slot)
    out.push_back({meter, period_at(some_day, slot), actual_of(wh)});
  return out;
}

} // namespace

TEST_CASE("moved_readings: a row that is split behind stored readings, at a change of supplier") {
  changing_store changing({{"T1", "F1", 1}, {"T1", "F1", 2}});
  changing.add(whole_day(1, 100));
  changing.add(whole_day(2, 10));
  const auto before = changing.everything();
  CHECK(before.first.size() == 96);
  const std::int32_t eleven = starting_at(11);
  changing.take({{"T1", "F1", 1, {always, eleven}}, {"T1", "F1", 1, {eleven, for_ever}}, {"T1", "F1", 2}});
  CHECK(changing.everything() == before);
  CHECK(changing.store().rows_in("fragments") == 2); // the day has as many as before
  CHECK(changing.store().number("SELECT count(*) FROM journal WHERE kind = 5") == 1);
  CHECK(changing.store().rows_in("estates") == 2);
  CHECK(changing.store().number("SELECT count(*) FROM days WHERE summarised = 0") == 1);
  for (int slot = 0; slot < periods_per_day; ++slot)
    CHECK(changing.import_wh("T1", period_at(some_day, slot)) == 110);
  CHECK(broken_links(changing.store()) == 0);
  const std::string settled = changing.store().dump();
  changing.take({{"T1", "F1", 1, {always, eleven}}, {"T1", "F1", 1, {eleven, for_ever}}, {"T1", "F1", 2}});
  CHECK(changing.store().dump() == settled);         // the same estate again is no change
  changing.take({{"T1", "F1", 1}, {"T1", "F1", 2}}); // and back
  CHECK(changing.everything() == before);
}

TEST_CASE("moved_readings: AG-05 a meter moved at eleven keeps its history on the old feeder up to that half hour") {
  changing_store changing({{"TA", "F1", 1}, {"TB", "F1", 2}});
  changing.add(whole_day(1, 100));
  changing.add(whole_day(2, 20));
  const std::int32_t eleven = starting_at(11);
  changing.take({{"TA", "F1", 1, {always, eleven}}, {"TB", "F1", 1, {eleven, for_ever}}, {"TB", "F1", 2}});
  for (int slot = 0; slot < periods_per_day; ++slot) {
    const period p = period_at(some_day, slot);
    CHECK(changing.import_wh("TA", p) == (p.number < eleven ? std::optional<std::int64_t>(100) : std::nullopt));
    CHECK(changing.import_wh("TB", p) == (p.number < eleven ? 20 : 120));
  }
  // A correction for nine o'clock is judged by the twin of the old side alone.
  const std::size_t old_side = changing.row_of(1, {starting_at(9)});
  CHECK(changing.now().transformers[changing.now().transformer_of(changing.now().connections[old_side]).value].id
        == "TA");
  changing.add({{1, {starting_at(9)}, actual_of(700), 2}});
  CHECK(changing.everything().first.size() == 97);
  // All of it moves on: TA has no such day any more.
  changing.take({{"TB", "F1", 1}, {"TB", "F1", 2}});
  CHECK(changing.everything().first.size() == 97);
  CHECK(changing.import_wh("TB", {starting_at(9)}) == 720);
  CHECK(changing.store().rows_in("days") == 1);
}

TEST_CASE("moved_readings: AG-07 energised meters are counted by half hour on both sides of a flip of status") {
  const rows one{{"T1", "F1", 1}, {"T1", "F1", 2}};
  changing_store changing(one);
  changing.add(whole_day(1, 0));
  changing.add(whole_day(2, 5));
  const std::int32_t eleven = starting_at(11);
  const rows split{{"T1", "F1", 1, {always, eleven}}, {"T1", "F1", 1, {eleven, for_ever}}, {"T1", "F1", 2}};
  estate flipped = make_estate(split);
  for (connection& c : flipped.connections)
    c.energised = c.effective.first != eleven;
  REQUIRE(changing.try_take(flipped, bytes_of(split)));
  std::map<int, std::pair<int, int>> counts; // by half hour: energised and de-energised meters that reported
  store_reader reader = changing.store().reader();
  REQUIRE(reader.load(changing.names().number_of[0], some_day, [&](const stored_reading& r, const fragment_origin&) {
    for (std::size_t i = 0; i < flipped.connections.size(); ++i)
      if (changing.names().slot_of[i] == r.twin)
        ++(flipped.connections[i].energised ? counts[r.slot].first : counts[r.slot].second);
  }));
  for (int slot = 0; slot < periods_per_day; ++slot)
    CHECK(counts[slot] == (period_at(some_day, slot).number < eleven ? std::pair(2, 0) : std::pair(1, 1)));
}

TEST_CASE("moved_readings: rows that change places do so at once, and lineage is found through every change") {
  const std::int32_t middle = starting_at(12);
  changing_store changing({{"TA", "F1", 1, {always, middle}}, {"TB", "F1", 1, {middle, for_ever}}});
  changing.add(whole_day(1, 70'000)); // of no compact form
  changing.add({{1, {starting_at(1)}, actual_of(5)}, {1, {starting_at(1)}, estimate_of(5), 2}}, {1'773'000'000});
  const auto before = changing.everything();
  CHECK(before.second.size() == 50);
  changing.take({{"TB", "F1", 1, {always, middle}}, {"TA", "F1", 1, {middle, for_ever}}});
  CHECK(changing.everything() == before);
  changing.add({{1, {starting_at(2)}, actual_of(9), 3}}); // under the places of now
  const auto more = changing.everything();
  CHECK(more.second.size() == 51);
  changing.take({{"TA", "F1", 1, {always, middle}}, {"TB", "F1", 1, {middle, for_ever}}});
  CHECK(changing.everything() == more);
  changing.take({{"TC", "F9", 1}});
  CHECK(changing.everything() == more);
  CHECK(changing.store().number("SELECT count(*) FROM days WHERE contradicted = 1") == 1);
  CHECK(broken_links(changing.store()) == 0);
}

TEST_CASE("moved_readings: a reading whose half hour or quantity no row holds is refused, and nothing is written") {
  changing_store changing({{"TA", "F1", 1}, {"TB", "F1", 2}});
  changing.add(whole_day(1, 100));
  changing.add({{1, {starting_at(3)}, actual_of(7), 1, quantity::active_export}});
  const std::string before = changing.store().dump();
  const std::int32_t eleven = starting_at(11);
  for (const rows& bad : {rows{{"TA", "F1", 1, {always, eleven}}, {"TB", "F1", 2}}, rows{{"TB", "F1", 2}},
                          rows{{"TA", "F1", 1, {always, eleven}}, {"TB", "F1", 1, {eleven + 1, for_ever}}}}) {
    const auto refused = changing.try_take(bad);
    REQUIRE(!refused);
    CHECK(refused.failure().code == errc::bad_estate);
    CHECK(refused.failure().message.find(to_string(test_mpan(1))) != std::string::npos);
  }
  // A move or a split to rows without the quantity is refused on either side of the split.
  const auto imports_only = [&](const rows& of) {
    estate less = make_estate(of);
    for (connection& c : less.connections)
      c.quantities = mask_of(quantity::active_import);
    estate_bytes bytes = bytes_of(of);
    bytes.meters += " AI";
    return changing.try_take(less, bytes);
  };
  for (const rows& bad : {rows{{"TB", "F1", 1}, {"TB", "F1", 2}},
                          rows{{"TA", "F1", 1, {always, eleven}}, {"TB", "F1", 1, {eleven, for_ever}}},
                          rows{{"TB", "F1", 1, {always, eleven}}, {"TA", "F1", 1, {eleven, for_ever}}}}) {
    const auto refused = imports_only(bad);
    REQUIRE(!refused);
    CHECK(refused.failure().message.find("AE at") != std::string::npos);
    CHECK(refused.failure().message.find("holds 1 stored") != std::string::npos);
  }
  CHECK(changing.store().dump() == before);
  CHECK(imports_only({{"TA", "F1", 1}, {"TB", "F1", 2}})); // a column that changes, and nothing moves
  CHECK(changing.store().dump() == before);                // the run writes it
}

TEST_CASE("moved_readings: a change that cannot be written whole leaves all as it was") {
  changing_store changing({{"TA", "F1", 1}});
  changing.add(whole_day(1, 100));
  sqlite_database database = changing.store().writer_connection();
  const std::string before = changing.store().dump();
  for (const char* const table : {"journal", "estates", "fragments", "days"}) {
    const std::string sql =
      "CREATE TRIGGER broken BEFORE INSERT ON " + std::string(table) + " BEGIN SELECT RAISE(ABORT, 'no'); END";
    REQUIRE(database.execute(sql_text::of_a_test(sql)));
    const auto failed =
      changing.try_take({{"TA", "F1", 1, {always, starting_at(9)}}, {"TB", "F1", 1, {starting_at(9), for_ever}}});
    REQUIRE(!failed);
    CHECK(failed.failure().code == errc::store_failed);
    CHECK(changing.store().dump() == before);
    REQUIRE(database.execute("DROP TRIGGER broken"));
  }
  changing.take({{"TA", "F1", 1, {always, starting_at(9)}}, {"TB", "F1", 1, {starting_at(9), for_ever}}});
  CHECK(changing.everything().first.size() == 48);
}

TEST_CASE("moved_readings: an estate that only grows is left to the run") {
  changing_store changing({{"TA", "F1", 1}});
  changing.add(whole_day(1, 100));
  const std::string before = changing.store().dump();
  changing.take({{"TA", "F1", 1}, {"TA", "F1", 2}, {"TB", "F1", 3}});
  CHECK(changing.store().dump() == before);
}

TEST_CASE("moved_readings: gaps are counted anew for the transformers of a meter whose rows have changed") {
  changing_store changing({{"TA", "F1", 1, {always, starting_at(11)}}, {"TB", "F1", 2}, {"TC", "F1", 3}});
  changing.add(
    {{1, {starting_at(1)}, actual_of(1)}, {2, {starting_at(1)}, actual_of(1)}, {3, {starting_at(1)}, actual_of(1)}});
  sqlite_database database = changing.store().writer_connection();
  REQUIRE(
    database.execute("INSERT INTO gap_counts SELECT number, 7, 7 FROM transformers; UPDATE days SET summarised = 1"));
  changing.take({{"TA", "F1", 1, {always, starting_at(11)}},
                 {"TB", "F1", 1, {starting_at(11), for_ever}},
                 {"TB", "F1", 2},
                 {"TC", "F1", 3},
                 {"TC", "F1", 4}});
  CHECK(changing.store().number("SELECT count(*) FROM gap_counts") == 1); // of TC
  CHECK(changing.store().number("SELECT count(*) FROM days WHERE summarised = 0") == 2);
}

TEST_CASE("moved_readings: through random estates every reading stands at its row with all that is known of it") {
  seeded_random random(2801);
  for (int trial = 0; trial < 6; ++trial) {
    const auto random_rows = [&] {
      rows out;
      for (std::uint64_t meter = 0; meter < 6; ++meter) {
        std::int32_t from = always;
        for (std::uint64_t cuts = random.below(3); cuts != 0; --cuts) {
          const std::int32_t to = std::max(from, starting_at(0)) + static_cast<std::int32_t>(1 + random.below(40));
          out.push_back(
            {"T" + std::to_string(random.below(4)), "F" + std::to_string(random.below(2)), meter, {from, to}});
          from = to;
        }
        out.push_back(
          {"T" + std::to_string(random.below(4)), "F" + std::to_string(random.below(2)), meter, {from, for_ever}});
      }
      return out;
    };
    changing_store changing(random_rows());
    const std::vector<content> contents = few_contents();
    for (int step = 0; step < 6; ++step) {
      std::vector<meter_reading> readings;
      for (std::uint64_t n = 60; n != 0; --n)
        readings.push_back({random.below(6),
                            {starting_at(0) + static_cast<std::int32_t>(random.below(96))},
                            contents[random.below(contents.size())],
                            static_cast<std::uint16_t>(1 + random.below(2)),
                            random.chance(1, 4) ? quantity::active_export : quantity::active_import});
      changing.add(readings, {random.chance(1, 2) ? std::optional<std::int64_t>(1'773'000'000 + step) : std::nullopt});
      const auto before = changing.everything();
      changing.take(random_rows());
      CHECK(changing.everything() == before);
    }
    CHECK(broken_links(changing.store()) == 0);
  }
}
