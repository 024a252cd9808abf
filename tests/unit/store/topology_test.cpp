#include "src/store/topology.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"
#include "twins/hash.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

using rows = std::vector<estate_row>;

/// Binds and writes, as a replay does.
topology bind_and_write(const store_fixture& store, const rows& estate) {
  topology_binding bound = store.bind(estate);
  sqlite_database database = store.writer_connection();
  REQUIRE(database.execute("BEGIN"));
  REQUIRE(write_topology(database, bound.change, bytes_of(estate)));
  REQUIRE(database.execute("COMMIT"));
  return bound.topology;
}

/// Number of the transformer and slot of each connection, by what it is.
using connection_identity = std::tuple<std::string, std::string, std::uint64_t, std::int32_t>;
using place_map = std::map<connection_identity, std::pair<std::uint32_t, std::uint32_t>>;

place_map places(const rows& of, const topology& t) {
  const estate e = make_estate(of);
  place_map out;
  for (std::size_t i = 0; i < e.connections.size(); ++i) {
    const connection& c = e.connections[i];
    const transformer_index transformer = e.transformer_of(c);
    CHECK(t.slot_of[i].value < t.slots_in[transformer.value]);
    out[{e.transformers[transformer.value].id, e.feeder_of(c).id, c.mpan.number, c.effective.first}] = {
      t.number_of[transformer.value].value, t.slot_of[i].value};
  }
  return out;
}

/// Two connections never share a place.
bool distinct(const place_map& places) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> all;
  for (const auto& [identity, place] : places)
    all.push_back(place);
  std::sort(all.begin(), all.end());
  return std::adjacent_find(all.begin(), all.end()) == all.end();
}

const rows first_estate{{"T1", "F1", 1}, {"T1", "F1", 2}, {"T1", "F2", 3}, {"T2", "F1", 4}};

} // namespace

TEST_CASE("topology: a new store numbers what the estate has") {
  const store_fixture store;
  const topology_binding bound = store.bind(first_estate);
  CHECK(bound.topology.number_of == std::vector<transformer_number>{{0}, {1}});
  CHECK(bound.topology.slot_of == std::vector<twin_slot>{{0}, {1}, {2}, {0}});
  CHECK(bound.topology.slots_in == std::vector<std::uint32_t>{3, 1});
  CHECK(bound.change.rows.size() == 2);
  CHECK(bound.change.new_estate);
  CHECK(bound.change.narrowed.empty());
  CHECK(bound.change.hash.size() == 64);
  CHECK(store.rows_in("transformers") == 0); // nothing is written before it is asked for
}

TEST_CASE("topology: an identical estate is no change") {
  const store_fixture store;
  const topology first = bind_and_write(store, first_estate);
  const topology_binding again = store.bind(first_estate);
  CHECK(again.change.rows.empty());
  CHECK(again.change.narrowed.empty());
  CHECK(!again.change.new_estate);
  CHECK(places(first_estate, again.topology) == places(first_estate, first));
}

TEST_CASE("topology: the bytes of an estate are kept and the last is the one bound") {
  const store_fixture store;
  sqlite_database database = store.reader_connection();
  const auto none = read_bound_estate(database);
  REQUIRE(!none);
  CHECK(none.failure().code == errc::store_unusable);
  bind_and_write(store, first_estate);
  rows grown = first_estate;
  grown.push_back({"T0", "F9", 77});
  bind_and_write(store, grown);
  bind_and_write(store, grown);
  CHECK(store.rows_in("estates") == 2);
  const auto bound = read_bound_estate(database);
  REQUIRE(bound);
  CHECK(bound->meters == bytes_of(grown).meters);
  CHECK(bound->feeders == bytes_of(grown).feeders);
  CHECK(bound->transformers == bytes_of(grown).transformers);
}

TEST_CASE("topology: a change of any file is a new estate") {
  const store_fixture store;
  const topology_binding bound = store.bind(first_estate);
  const estate e = make_estate(first_estate);
  sqlite_database database = store.reader_connection();
  for (const estate_bytes& bytes : {estate_bytes{"transformers ", "feeders", bytes_of(first_estate).meters},
                                    estate_bytes{"transformers", "feeders ", bytes_of(first_estate).meters},
                                    estate_bytes{"transformersfeeders", "", bytes_of(first_estate).meters},
                                    estate_bytes{"transformers", "feeders", ""}}) {
    const auto other = bind_topology(database, e, bytes);
    REQUIRE(other);
    CHECK(other->change.hash != bound.change.hash);
  }
}

TEST_CASE("topology: optional files change the hash only where there are some") {
  const store_fixture store;
  const estate e = make_estate(first_estate);
  sqlite_database database = store.reader_connection();
  const auto hash_with = [&](std::vector<estate_file> optional) {
    estate_bytes bytes = bytes_of(first_estate);
    bytes.optional = std::move(optional);
    auto bound = bind_topology(database, e, bytes);
    REQUIRE(bound);
    return bound->change.hash;
  };
  // What stores were bound to before there were optional files.
  std::string plain;
  for (const std::string& text : {std::string("transformers"), std::string("feeders"), bytes_of(first_estate).meters})
    plain += to_hex(sha256(text));
  const std::vector<std::string> hashes{hash_with({}),
                                        hash_with({{"annual.csv", ""}}),
                                        hash_with({{"annual.csv", "x"}}),
                                        hash_with({{"registers.csv", "x"}}),
                                        hash_with({{"annual.csv", "x"}, {"registers.csv", ""}}),
                                        hash_with({{"annual.csv", "x"}, {"registers.csv", "x"}})};
  CHECK(hashes[0] == to_hex(sha256(plain)));
  CHECK(std::set(hashes.begin(), hashes.end()).size() == hashes.size());
}

TEST_CASE("topology: optional files are kept with their estate, each text once") {
  const store_fixture store;
  const estate e = make_estate(first_estate);
  const auto bind = [&](std::vector<estate_file> optional) {
    estate_bytes bytes = bytes_of(first_estate);
    bytes.optional = std::move(optional);
    sqlite_database database = store.writer_connection();
    const auto bound = bind_topology(database, e, bytes);
    REQUIRE(bound);
    REQUIRE(write_topology(database, bound->change, bytes));
    return bound->change.new_estate;
  };
  const std::vector<estate_file> first{{"annual.csv", "a"}, {"registers.csv", "r"}};
  const std::vector<estate_file> second{{"annual.csv", "a"}, {"appointments.csv", "r"}, {"registers.csv", "s"}};
  CHECK(bind({}));
  CHECK(bind(first));
  CHECK(!bind(first));
  CHECK(bind(second));
  CHECK(store.rows_in("estates") == 3);
  CHECK(store.rows_in("estate_files") == 3 + 5 + 6);
  CHECK(store.rows_in("estate_texts") == 3 + 3);
  sqlite_database database = store.reader_connection();
  const auto all = read_bound_estate(database);
  REQUIRE(all);
  CHECK(all->optional == second);
  CHECK(all->meters == bytes_of(first_estate).meters);
  const auto optional = read_bound_estate(database, bound_files::optional);
  REQUIRE(optional);
  CHECK(optional->optional == second);
  CHECK(optional->meters.empty());
  const auto required = read_bound_estate(database, bound_files::required);
  REQUIRE(required);
  CHECK(required->optional.empty());
  CHECK(required->meters == bytes_of(first_estate).meters);
  CHECK(bind({}));
  CHECK(store.rows_in("estate_texts") == 3 + 3);
  CHECK(read_bound_estate(database)->optional.empty());
}

TEST_CASE("topology: slots and numbers stay when the estate grows around them") {
  const store_fixture store;
  const place_map before = places(first_estate, bind_and_write(store, first_estate));
  rows grown = first_estate;
  grown.insert(grown.end(), {{"T0", "F1", 10}, {"T1", "F0", 11}, {"T1", "F1", 0}, {"T15", "F1", 12}, {"T2", "F1", 13}});
  const topology_binding bound = store.bind(grown);
  const place_map after = places(grown, bound.topology);
  for (const auto& [identity, place] : before)
    CHECK(after.at(identity) == place);
  CHECK(distinct(after));
  CHECK(bound.change.narrowed.empty());
  CHECK(bound.change.new_estate);
  CHECK(bound.change.rows.size() == 4);
}

TEST_CASE("topology: connections that are missing are found and come back to their slots") {
  const store_fixture store;
  const place_map before = places(first_estate, bind_and_write(store, first_estate));
  const rows without{{"T1", "F1", 2}, {"T1", "F2", 3}}; // meter 1 and all of T2 are gone
  const topology_binding bound = store.bind(without);
  REQUIRE(bound.change.narrowed.size() == 2);
  for (const narrowed_connection& n : bound.change.narrowed) {
    CHECK((n.mpan == test_mpan(1) || n.mpan == test_mpan(4)));
    const auto& place = before.at({n.mpan == test_mpan(1) ? "T1" : "T2", "F1", n.mpan.number, period_range{}.first});
    CHECK(place == std::pair(n.transformer.value, n.slot.value));
    for (const std::int32_t number : {-1, 0, 1, 1'000'000})
      CHECK(!n.allowed.contains({number}));
  }
  bind_and_write(store, without);
  const rows replaced{{"T1", "F1", 2}, {"T1", "F2", 3}, {"T1", "F1", 50}, {"T3", "F1", 51}};
  const place_map after = places(replaced, bind_and_write(store, replaced));
  CHECK(after.at({"T1", "F1", test_mpan(50).number, period_range{}.first}).second == 3); // no slot is given twice
  CHECK(after.at({"T3", "F1", test_mpan(51).number, period_range{}.first}).first == 2);  // nor a number
  rows all = first_estate;
  all.insert(all.end(), replaced.begin() + 2, replaced.end());
  const topology_binding back = store.bind(all);
  CHECK(back.change.narrowed.empty());
  for (const auto& [identity, place] : before)
    CHECK(places(all, back.topology).at(identity) == place);
}

TEST_CASE("topology: a range that shrinks is narrowed and one that grows is not") {
  const store_fixture store;
  const period_range whole{100, 200};
  bind_and_write(store, {{"T1", "F1", 1, whole}, {"T1", "F1", 2, whole}});
  const topology_binding shrunk = store.bind({{"T1", "F1", 1, {100, 150}}, {"T1", "F1", 2, whole}});
  REQUIRE(shrunk.change.narrowed.size() == 1);
  CHECK(shrunk.change.narrowed[0].mpan == test_mpan(1));
  CHECK(shrunk.change.narrowed[0].allowed == period_range{100, 150});
  CHECK(shrunk.change.rows.size() == 1);
  const rows grown{{"T1", "F1", 1, {100, 300}}, {"T1", "F1", 2, whole}};
  CHECK(store.bind(grown).change.narrowed.empty());
  CHECK(store.bind(grown).change.rows.size() == 1);
  bind_and_write(store, grown);
  CHECK(store.bind(grown).change.rows.empty());
  CHECK(store.bind({{"T1", "F1", 1, whole}, {"T1", "F1", 2, whole}}).change.narrowed.size() == 1); // back again
}

TEST_CASE("topology: a meter that moves leaves its old range where it was") {
  const store_fixture store;
  bind_and_write(store, {{"T1", "F1", 1}});
  const rows moved{{"T1", "F1", 1, {period_range{}.first, 500}},
                   {"T1", "F2", 1, {500, 600}},
                   {"T2", "F1", 1, {600, period_range{}.end}}};
  const topology_binding bound = store.bind(moved);
  REQUIRE(bound.change.narrowed.size() == 1);
  CHECK(bound.change.narrowed[0].slot == twin_slot{0});
  CHECK(bound.change.narrowed[0].allowed.end == 500);
  CHECK(distinct(places(moved, bound.topology)));
}

TEST_CASE("topology: slots stay through random estates") {
  seeded_random random(901);
  const store_fixture store;
  place_map known;
  int wrong = 0;
  for (int round = 0; round < 40; ++round) {
    rows estate;
    std::map<std::tuple<std::string, std::string, std::uint64_t>, bool> used;
    for (std::uint64_t n = 1 + random.below(30); n != 0; --n) {
      const estate_row r{"T" + std::to_string(random.below(5)), "F" + std::to_string(random.below(2)), random.below(8)};
      const std::int32_t middle = random.between(10, 12);
      if (!used.emplace(std::tuple(r.transformer, r.feeder, r.meter), true).second)
        continue;
      estate.push_back({r.transformer, r.feeder, r.meter, {0, middle}});
      if (random.chance(1, 2))
        estate.push_back({r.transformer, r.feeder, r.meter, {middle, 100}});
    }
    const place_map now = places(estate, bind_and_write(store, estate));
    CHECK(distinct(now)); // over time a slot may serve a connection whose range was mended
    for (const auto& [identity, place] : now) {
      const auto [at, fresh] = known.try_emplace(identity, place);
      wrong += fresh || at->second == place ? 0 : 1;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("topology: a damaged list of slots is an error") {
  const store_fixture store;
  bind_and_write(store, first_estate);
  sqlite_database database = store.writer_connection();
  REQUIRE(database.execute("UPDATE transformers SET slots = x'09'"));
  const auto bound = bind_topology(database, make_estate(first_estate), bytes_of(first_estate));
  REQUIRE(!bound);
  CHECK(bound.failure().code == errc::store_failed);
}

TEST_CASE("topology: a slot that is given up is named once, and holds nothing until it is taken again") {
  const store_fixture store;
  bind_and_write(store, first_estate);
  const rows without{{"T1", "F1", 2}, {"T1", "F2", 3}}; // meter 1 and all of T2 are gone
  const topology_binding gone = store.bind(without);
  CHECK(gone.change.narrowed.size() == 2);
  CHECK(gone.change.rows.size() == 2);
  bind_and_write(store, without);
  const topology_binding again = store.bind(without);
  CHECK(again.change.narrowed.empty());
  CHECK(again.change.rows.empty());
  bind_and_write(store, first_estate);
  CHECK(store.bind(without).change.narrowed.size() == 2);
}

TEST_CASE("topology: a quantity that is taken from a row is told where its range is narrowed too") {
  const store_fixture store;
  const period_range some{100, 200};
  const rows one{{"T1", "F1", 1, some}};
  bind_and_write(store, one);
  estate e = make_estate(one);
  sqlite_database database = store.writer_connection();
  const auto bind = [&](std::uint8_t quantities) {
    e.connections.front().quantities = quantities;
    auto bound = bind_topology(database, e, bytes_of(one));
    REQUIRE(bound);
    return std::move(*bound);
  };
  CHECK(bind(0x0F).change.rows.empty());
  e.connections.front().effective.end = 150;
  const topology_change both = bind(0x01).change;
  REQUIRE(both.narrowed.size() == 1);
  CHECK(both.narrowed.front().allowed == period_range{100, 150});
  CHECK(both.narrowed.front().before == some);
  CHECK(both.narrowed.front().lost == 0x0E);
  CHECK(bind(0x0F).change.narrowed.front().lost == 0);
  e.connections.front().effective = some;
  const topology_change less = bind(0x01).change; // as any other column may change
  CHECK(less.narrowed.empty());
  CHECK(less.recount.empty());
  CHECK(less.rows.size() == 1);
  REQUIRE(write_topology(database, less, bytes_of(one)));
  CHECK(bind(0x01).change.rows.empty());
  const topology_change more = bind(0x03).change;
  CHECK(more.narrowed.empty());
  CHECK(more.rows.size() == 1);
}

TEST_CASE("topology: transformers are counted anew where a meter of several rows has other rows than before") {
  const store_fixture store;
  const period_range first{0, 100};
  const period_range later{100, 200};
  rows estate{{"T1", "F1", 1, first}, {"T2", "F1", 2}, {"T3", "F1", 3}};
  CHECK(store.bind(estate).change.recount.empty()); // a store's first
  bind_and_write(store, estate);
  estate.push_back({"T2", "F1", 4});
  CHECK(store.bind(estate).change.recount.empty()); // a new meter
  estate.push_back({"T2", "F1", 1, later});
  CHECK(store.bind(estate).change.recount == std::vector<transformer_number>{{0}, {1}});
  bind_and_write(store, estate);
  CHECK(store.bind(estate).change.recount.empty());
  estate.pop_back();
  CHECK(store.bind(estate).change.recount == std::vector<transformer_number>{{0}}); // one that is there no more
}

TEST_CASE("topology: a row that holds no half hour leaves the slot to the row that begins where it does") {
  const store_fixture store;
  const rows one{{"T1", "F1", 1, {5, 9}}};
  const place_map before = places(one, bind_and_write(store, one));
  const rows two{{"T1", "F1", 1, {5, 5}}, {"T1", "F1", 1, {5, 9}}};
  const estate e = make_estate(two);
  for (int round = 0; round < 2; ++round) {
    const topology_binding bound = store.bind(two);
    for (std::size_t i = 0; i < e.connections.size(); ++i)
      CHECK(bound.topology.slot_of[i].value == (e.connections[i].effective.end == 9 ? 0U : 1U));
    CHECK(bound.change.narrowed.empty());
    CHECK(bound.change.rows.size() == (round == 0 ? 1U : 0U));
    bind_and_write(store, two);
  }
}

TEST_CASE("topology: slots that were written without quantities are read, and are no change") {
  const store_fixture store;
  const rows one{{"T1", "F1", 1, {5, 9}}};
  bind_and_write(store, one);
  std::string slots;
  byte_writer w(slots);
  w.number(1);
  w.signed_number(static_cast<std::int64_t>(test_mpan(1).number));
  w.text("F1");
  w.signed_number(5);
  w.signed_number(9);
  sqlite_database database = store.writer_connection();
  auto put = database.prepare("UPDATE transformers SET slots = ?1");
  REQUIRE(put);
  const std::string packed = pack(slots);
  REQUIRE(put->bind_blob(1, packed).run());
  CHECK(store.bind(one).change.rows.empty());
  CHECK(store.bind(one).change.narrowed.empty());
  CHECK(store.bind({{"T1", "F1", 1, {6, 9}}}).change.narrowed.size() == 1);
}
