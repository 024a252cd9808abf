#include "src/store/sqlite.hpp"

#include "tests/support/temporary_folder.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <limits>
#include <string>
#include <string_view>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

sqlite_database make(const std::filesystem::path& file) {
  auto database = sqlite_database::open(file, sqlite_database::mode::create);
  REQUIRE(database);
  REQUIRE(database->execute("CREATE TABLE t(id INTEGER PRIMARY KEY, b BLOB NOT NULL, x TEXT UNIQUE)"));
  return std::move(*database);
}

} // namespace

TEST_CASE("sqlite: integers and blobs and texts come back") {
  const temporary_folder folder;
  sqlite_database database = make(folder.path() / "x.db");
  auto insert = database.prepare("INSERT INTO t(id, b, x) VALUES (?1, ?2, ?3)");
  REQUIRE(insert);
  const std::string blob("a\0b\xFF", 4);
  CHECK(insert->bind(1, std::numeric_limits<std::int64_t>::min()).bind_blob(2, blob).bind_text(3, "one").run());
  CHECK(database.changes() == 1);
  CHECK(database.last_id() == std::numeric_limits<std::int64_t>::min());
  // An empty blob is not NULL, nor is an empty text, wherever they point.
  CHECK(insert->bind(1, 2).bind_blob(2, std::string_view()).bind_text(3, std::string_view()).run());
  CHECK(insert->bind(1, std::numeric_limits<std::int64_t>::max()).bind_blob(2, "").bind_text(3, "three").run());
  auto all = database.prepare("SELECT id, b, x, x IS NULL FROM t ORDER BY id");
  REQUIRE(all);
  REQUIRE(all->step());
  CHECK(all->integer(0) == std::numeric_limits<std::int64_t>::min());
  CHECK(all->bytes(1) == blob);
  CHECK(all->bytes(2) == "one");
  REQUIRE(all->step());
  CHECK(all->bytes(1).empty());
  CHECK(all->bytes(2).empty());
  CHECK(all->integer(3) == 0);
  REQUIRE(all->step());
  CHECK(all->integer(0) == std::numeric_limits<std::int64_t>::max());
  CHECK(!all->step());
  CHECK(!all->failed());
}

TEST_CASE("sqlite: a statement that fails says so and can be used again") {
  const temporary_folder folder;
  sqlite_database database = make(folder.path() / "x.db");
  auto insert = database.prepare("INSERT INTO t(id, b, x) VALUES (?1, ?2, ?3)");
  REQUIRE(insert);
  CHECK(insert->bind(1, 1).bind_blob(2, "b").bind_text(3, "same").run());
  CHECK(!insert->bind(1, 2).bind_text(3, "same").run());
  CHECK(insert->failed());
  const error why = database.failure("cannot write");
  CHECK(why.code == errc::store_failed);
  CHECK(why.message.find("cannot write the store " + (folder.path() / "x.db").string()) == 0);
  CHECK(why.message.find("UNIQUE") != std::string::npos);
  CHECK(insert->bind(1, 2).bind_text(3, "other").run());
  CHECK(!insert->failed());
  CHECK(!database.prepare("SELECT nothing FROM nowhere"));
  CHECK(!database.prepare("no sql at all"));
  CHECK(!database.execute("DELETE FROM nowhere"));
}

TEST_CASE("sqlite: files that are missing or foreign or read-only are unusable") {
  const temporary_folder folder;
  const auto missing = sqlite_database::open(folder.path() / "none.db", sqlite_database::mode::read);
  REQUIRE(!missing);
  CHECK(missing.failure().code == errc::store_unusable);
  CHECK(missing.failure().message.find("none.db") != std::string::npos);
  CHECK(!sqlite_database::open(folder.path() / "none.db", sqlite_database::mode::write));
  CHECK(!sqlite_database::open(folder.path() / "no" / "folder.db", sqlite_database::mode::create));
  CHECK(!std::filesystem::exists(folder.path() / "none.db"));
  write_file(folder.path() / "foreign.db", std::string(5000, 'x'));
  auto foreign = sqlite_database::open(folder.path() / "foreign.db", sqlite_database::mode::write);
  REQUIRE(foreign);
  const auto made = foreign->execute("CREATE TABLE t(id)");
  REQUIRE(!made);
  CHECK(made.failure().code == errc::store_unusable);
  make(folder.path() / "x.db");
  auto read = sqlite_database::open(folder.path() / "x.db", sqlite_database::mode::read);
  REQUIRE(read);
  const auto written = read->execute("INSERT INTO t(b) VALUES (x'00')");
  REQUIRE(!written);
  CHECK(written.failure().code == errc::store_unusable);
}

TEST_CASE("sqlite: a transaction stays whole, or nothing of it where the work or the commit fails") {
  const temporary_folder temporary;
  auto database = sqlite_database::open(temporary.path() / "a.db", sqlite_database::mode::create);
  REQUIRE(database);
  REQUIRE(database->execute("PRAGMA foreign_keys = ON; CREATE TABLE a(x INTEGER PRIMARY KEY);"
                            "CREATE TABLE b(x REFERENCES a(x) DEFERRABLE INITIALLY DEFERRED)"));
  const auto rows = [&] {
    auto s = database->prepare("SELECT (SELECT count(*) FROM a) + (SELECT count(*) FROM b)");
    REQUIRE(s);
    REQUIRE(s->step());
    return s->integer(0);
  };
  CHECK(
    database->in_transaction([&] { return database->execute("INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)"); }));
  CHECK(rows() == 2);
  const auto failed = database->in_transaction([&]() -> result<void> {
    REQUIRE(database->execute("INSERT INTO a VALUES (2)"));
    return error{errc::store_failed, "the work"};
  });
  REQUIRE(!failed);
  CHECK(failed.failure().message == "the work");
  CHECK(rows() == 2);
  // The commit finds that a row refers to nothing.
  CHECK(!database->in_transaction([&] { return database->execute("INSERT INTO b VALUES (7)"); }));
  CHECK(rows() == 2);
  CHECK(database->in_transaction([&] { return database->execute("INSERT INTO a VALUES (3)"); })); // none is left open
  CHECK(rows() == 3);
}

TEST_CASE("sqlite: T23 a file that somebody else made runs nothing, and no statement reaches beyond it") {
  const temporary_folder folder;
  const auto file = folder.path() / "x.db";
  {
    sqlite3* raw = nullptr;
    REQUIRE(sqlite3_open(file.c_str(), &raw) == SQLITE_OK);
    REQUIRE(sqlite3_exec(raw,
                         "CREATE TABLE t(id INTEGER PRIMARY KEY, x TEXT); INSERT INTO t VALUES (1, 'a');"
                         "CREATE VIEW v AS SELECT x FROM t",
                         nullptr, nullptr, nullptr)
            == SQLITE_OK);
    sqlite3_close(raw);
  }
  auto database = sqlite_database::open(file, sqlite_database::mode::write);
  REQUIRE(database);
  CHECK_FALSE(database->prepare("SELECT x FROM v"));
  const std::string attach = "ATTACH '" + (folder.path() / "y.db").string() + "' AS y";
  CHECK_FALSE(database->execute(sql_text::of_a_test(attach)));
  CHECK_FALSE(database->execute("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema"));
  auto trusted = database->prepare("PRAGMA trusted_schema");
  REQUIRE(trusted);
  REQUIRE(trusted->step());
  CHECK(trusted->integer(0) == 0);
  CHECK_FALSE(database->execute("SELECT load_extension('x')"));
  auto reader = sqlite_database::open(file, sqlite_database::mode::read);
  REQUIRE(reader);
  CHECK_FALSE(reader->execute("UPDATE t SET x = 'c'"));
}
