#include "src/store/journal.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

std::string_view view(const digest& d) { return {reinterpret_cast<const char*>(d.data()), d.size()}; }

} // namespace

TEST_CASE("journal: places of records hold shard and offset") {
  for (const std::uint32_t shard : {0U, 1U, 63U})
    for (const std::int64_t offset : {std::int64_t{1}, std::int64_t{2}, (std::int64_t{1} << 40) - 1}) {
      const record_id id = record_id::of(shard, offset);
      CHECK(id.shard() == shard);
      CHECK(id.offset() == offset);
    }
  CHECK(record_id::of(1, 1).value > record_id::of(0, (std::int64_t{1} << 40) - 1).value);
}

TEST_CASE("journal: the shard of a transformer is the hash of its id") {
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = "T" + std::to_string(i);
    const digest hash = sha256(id);
    const std::uint32_t first = static_cast<std::uint32_t>(hash[0]) << 24 | static_cast<std::uint32_t>(hash[1]) << 16
                                | static_cast<std::uint32_t>(hash[2]) << 8 | hash[3];
    CHECK(shard_of(id) == first % shard_count);
    seen.insert(shard_of(id));
  }
  CHECK(seen.size() == shard_count);
}

TEST_CASE("journal: a link binds everything it says it does") {
  const digest a = sha256("a");
  const digest b = sha256("b");
  const record_id id = record_id::of(3, 5);
  std::string plain(view(a));
  for (int shift = 56; shift >= 0; shift -= 8)
    plain += static_cast<char>(static_cast<std::uint64_t>(id.value) >> shift & 0xFF);
  plain += '\x03';
  plain += view(b);
  const digest link = chain_hash(a, id, record_kind::readings, b);
  CHECK(link == sha256(plain));
  CHECK(link != chain_hash(b, id, record_kind::readings, a));
  CHECK(link != chain_hash(a, record_id::of(5, 3), record_kind::readings, b));
  CHECK(link != chain_hash(a, id, record_kind::rejects, b));
}

TEST_CASE("journal: chains hold over shards and runs and offsets are dense") {
  const store_fixture store;
  seeded_random random(801);
  std::map<std::uint32_t, std::int64_t> offsets;
  for (int run = 0; run < 4; ++run) {
    sqlite_database database = store.writer_connection();
    auto journal = journal_appender::open(database); // goes on where the last one ended
    REQUIRE(journal);
    for (int i = 0; i < 60; ++i) {
      REQUIRE(database.execute("BEGIN IMMEDIATE"));
      const auto shard = static_cast<std::uint32_t>(random.chance(1, 2) ? random.below(3) : random.below(shard_count));
      const auto id = journal->append(shard, static_cast<record_kind>(1 + random.below(4)),
                                      random.bytes(static_cast<std::size_t>(random.below(300))));
      REQUIRE(id);
      CHECK(id->shard() == shard);
      CHECK(id->offset() == ++offsets[shard]);
      REQUIRE(database.execute("COMMIT"));
      journal->committed();
    }
  }
  CHECK(store.rows_in("journal") == 240);
  CHECK(broken_links(store) == 0);
}

TEST_CASE("journal: what is rolled back leaves no hole") {
  const store_fixture store;
  sqlite_database database = store.writer_connection();
  auto journal = journal_appender::open(database);
  REQUIRE(journal);
  const auto append = [&](std::uint32_t shard, std::string_view body) {
    const auto id = journal->append(shard, record_kind::readings, body);
    REQUIRE(id);
    return id->offset();
  };
  REQUIRE(database.execute("BEGIN IMMEDIATE"));
  CHECK(append(5, "one") == 1);
  REQUIRE(database.execute("COMMIT"));
  journal->committed();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(database.execute("BEGIN IMMEDIATE"));
    CHECK(append(5, "lost") == 2);
    CHECK(append(5, "lost too") == 3);
    CHECK(append(6, "lost") == 1);
    REQUIRE(database.execute("ROLLBACK"));
    journal->forget();
  }
  REQUIRE(database.execute("BEGIN IMMEDIATE"));
  CHECK(append(5, "two") == 2);
  CHECK(append(6, "one") == 1);
  REQUIRE(database.execute("COMMIT"));
  journal->committed();
  CHECK(store.rows_in("journal") == 3);
  CHECK(broken_links(store) == 0);
}

TEST_CASE("journal: a changed record breaks its chain from there on") {
  const store_fixture store;
  {
    sqlite_database database = store.writer_connection();
    auto journal = journal_appender::open(database);
    REQUIRE(journal);
    for (int i = 0; i < 5; ++i)
      REQUIRE(journal->append(7, record_kind::readings, "body " + std::to_string(i)));
    REQUIRE(broken_links(store) == 0);
    REQUIRE(database.execute("UPDATE journal SET body = 'other' WHERE id = (SELECT min(id) + 2 FROM journal)"));
  }
  CHECK(broken_links(store) == 3); // itself and the two after it
}

TEST_CASE("journal: without its table nothing can be appended") {
  const store_fixture store;
  sqlite_database database = store.writer_connection();
  REQUIRE(database.execute("DROP TABLE journal"));
  const auto journal = journal_appender::open(database);
  REQUIRE(!journal);
  CHECK(journal.failure().code == errc::store_failed);
}
