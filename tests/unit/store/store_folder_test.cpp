#include "src/store/store_folder.hpp"

#include "tests/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>

using namespace gridtwin;
using namespace gridtwin::testing;

TEST_CASE("store_folder: writing makes what is missing and reading does not") {
  const temporary_folder temporary;
  const auto path = temporary.path() / "a" / "store";
  const auto missing = store_folder::for_reading(path);
  REQUIRE(!missing);
  CHECK(missing.failure().code == errc::store_unusable);
  CHECK(missing.failure().message.find(path.string()) != std::string::npos);
  CHECK(!std::filesystem::exists(path));
  {
    const auto made = store_folder::for_writing(path);
    REQUIRE(made);
    CHECK(made->folder() == path);
    CHECK(store_folder::for_reading(path)); // readers do not wait for the writer
  }
  auto again = store_folder::for_writing(path);
  REQUIRE(again);
  auto database = again->connect_writer();
  REQUIRE(database);
  CHECK(database->execute("INSERT INTO runs(number, options) VALUES (1, 'x')"));
  auto reader = store_folder::for_reading(path);
  REQUIRE(reader);
  auto connection = reader->connect_reader();
  REQUIRE(connection);
  auto count = connection->prepare("SELECT count(*) FROM runs");
  REQUIRE(count);
  REQUIRE(count->step());
  CHECK(count->integer(0) == 1);
  CHECK(!connection->execute("DELETE FROM runs"));
}

TEST_CASE("store_folder: what was made for a run that cannot begin is taken away again, and nothing else") {
  const temporary_folder temporary;
  const auto path = temporary.path() / "store";
  for (const bool folder_is_there : {false, true}) {
    if (folder_is_there)
      std::filesystem::create_directory(path);
    auto made = store_folder::for_writing(path);
    REQUIRE(made);
    REQUIRE(store_folder::for_reading(path));
    std::move(*made).take_back();
    CHECK(std::filesystem::exists(path) == folder_is_there);
    CHECK(!store_folder::for_reading(path));
  }
  { REQUIRE(store_folder::for_writing(path)); }
  auto found = store_folder::for_writing(path);
  REQUIRE(found);
  std::move(*found).take_back();
  CHECK(store_folder::for_reading(path));
}

TEST_CASE("store_folder: a second writer is refused until the first has ended") {
  const temporary_folder temporary;
  std::optional<store_folder> first;
  {
    auto opened = store_folder::for_writing(temporary.path());
    REQUIRE(opened);
    first.emplace(std::move(*opened)); // the lock moves with its owner
  }
  const auto second = store_folder::for_writing(temporary.path());
  REQUIRE(!second);
  CHECK(second.failure().code == errc::store_unusable);
  CHECK(second.failure().message.find("in use") != std::string::npos);
  CHECK(store_folder::for_reading(temporary.path()));
  first.reset();
  CHECK(store_folder::for_writing(temporary.path()));
}

TEST_CASE("store_folder: an owner that is assigned another store lets go of its own") {
  const temporary_folder one;
  const temporary_folder two;
  auto first = store_folder::for_writing(one.path());
  REQUIRE(first);
  {
    auto second = store_folder::for_writing(two.path());
    REQUIRE(second);
    *first = std::move(*second);
  }
  CHECK(first->folder() == two.path());
  CHECK(!store_folder::for_writing(two.path()));
  CHECK(store_folder::for_writing(one.path()));
}

TEST_CASE("store_folder: a file that is something else is refused and stays as it is") {
  for (const std::string& bytes :
       {std::string("mpan,kwh\n"), std::string(100, 'x'), std::string(10'000, 'y'), std::string(4096, '\0')}) {
    const temporary_folder temporary;
    CAPTURE(bytes.size());
    const auto file = temporary.path() / "gridtwin.db";
    write_file(file, bytes);
    const auto writing = store_folder::for_writing(temporary.path());
    REQUIRE(!writing);
    CHECK(writing.failure().code == errc::store_unusable);
    CHECK(writing.failure().message.find(file.string()) != std::string::npos);
    const auto reading = store_folder::for_reading(temporary.path());
    REQUIRE(!reading);
    CHECK(reading.failure().code == errc::store_unusable);
    CHECK(read_file(file) == bytes);
  }
}

TEST_CASE("store_folder: the database of another program is refused and stays as it is") {
  const temporary_folder temporary;
  const auto file = temporary.path() / "gridtwin.db";
  {
    auto other = sqlite_database::open(file, sqlite_database::mode::create);
    REQUIRE(other);
    REQUIRE(other->execute("CREATE TABLE theirs(id); INSERT INTO theirs VALUES (1)"));
  }
  const std::string before = read_file(file);
  for (const auto& refused :
       {store_folder::for_writing(temporary.path()), store_folder::for_reading(temporary.path())}) {
    REQUIRE(!refused);
    CHECK(refused.failure().code == errc::store_unusable);
    CHECK(refused.failure().message.find("not a gridtwin store") != std::string::npos);
  }
  CHECK(read_file(file) == before);
}

TEST_CASE("store_folder: the store of another version is refused with both numbers") {
  for (const std::string& format : {std::string("3"), std::string("6"), std::string("99")}) {
    const temporary_folder temporary;
    {
      auto made = store_folder::for_writing(temporary.path());
      REQUIRE(made);
      auto database = made->connect_writer();
      REQUIRE(database);
      const std::string sql = "PRAGMA user_version = " + format;
      REQUIRE(database->execute(sql_text::of_a_test(sql)));
    }
    for (const auto& refused :
         {store_folder::for_writing(temporary.path()), store_folder::for_reading(temporary.path())}) {
      REQUIRE(!refused);
      CHECK(refused.failure().code == errc::store_unusable);
      CHECK(refused.failure().message.find("(format " + format + ", this program reads 5)") != std::string::npos);
    }
  }
}

namespace {

/// Makes of a store one of format 4 with a run in it.
void turn_back_to_4(const std::filesystem::path& folder) {
  auto made = store_folder::for_writing(folder);
  REQUIRE(made);
  auto database = made->connect_writer();
  REQUIRE(database);
  REQUIRE(database->execute("DROP TABLE dead_letters; DROP TABLE parked_twins; DROP TABLE twin_faults; DROP TABLE "
                            "suspects; DROP TABLE audit; DROP TABLE run_counters; PRAGMA user_version = 4; "
                            "INSERT INTO runs(number, options) VALUES (7, 'kept')"));
}

/// What a reader sees of the schema, and the runs' options.
std::string schema_of(const std::filesystem::path& folder) {
  auto database = sqlite_database::open(folder / "gridtwin.db", sqlite_database::mode::read);
  REQUIRE(database);
  std::string out;
  for (const sql_text sql :
       std::initializer_list<sql_text>{"SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name",
                                       "SELECT user_version FROM pragma_user_version", "SELECT options FROM runs"}) {
    auto rows = database->prepare(sql);
    REQUIRE(rows);
    while (rows->step())
      out += std::string(rows->bytes(0)) + '\n';
  }
  return out;
}

} // namespace

TEST_CASE("store_folder: a store of the format before is brought up to date by who writes, and until then not read") {
  const temporary_folder temporary;
  const temporary_folder other;
  turn_back_to_4(temporary.path());
  const std::string before = schema_of(temporary.path());
  const auto early = store_folder::for_reading(temporary.path());
  REQUIRE(!early);
  CHECK(early.failure().code == errc::store_unusable);
  CHECK(early.failure().message.find("(format 4, this program reads 5)") != std::string::npos);
  CHECK(early.failure().message.find("run gridtwin replay") != std::string::npos);
  CHECK(schema_of(temporary.path()) == before);
  CHECK(store_folder::for_writing(temporary.path()));
  CHECK(store_folder::for_reading(temporary.path()));
  CHECK(store_folder::for_writing(temporary.path())); // and once is enough
  // It is as one that was made so, and has what it had.
  CHECK(store_folder::for_writing(other.path()));
  CHECK(schema_of(temporary.path()) == schema_of(other.path()) + "kept\n");
}

TEST_CASE("store_folder: a store that cannot be brought up to date stays as it was") {
  const temporary_folder temporary;
  turn_back_to_4(temporary.path());
  {
    auto database = sqlite_database::open(temporary.path() / "gridtwin.db", sqlite_database::mode::write);
    REQUIRE(database);
    REQUIRE(database->execute("CREATE TABLE run_counters(theirs)")); // the last of those that are to be made
  }
  const std::string before = schema_of(temporary.path());
  const auto failed = store_folder::for_writing(temporary.path());
  REQUIRE(!failed);
  CHECK(failed.failure().message.find("run_counters") != std::string::npos);
  CHECK(schema_of(temporary.path()) == before);
}

TEST_CASE("store_folder: an empty file is made a store and is none to a reader") {
  const temporary_folder temporary;
  write_file(temporary.path() / "gridtwin.db", "");
  CHECK(!store_folder::for_reading(temporary.path()));
  CHECK(store_folder::for_writing(temporary.path()));
  CHECK(store_folder::for_reading(temporary.path()));
}

TEST_CASE("store_folder: a path that is a file is refused") {
  const temporary_folder temporary;
  write_file(temporary.path() / "file", "x");
  const auto refused = store_folder::for_writing(temporary.path() / "file");
  REQUIRE(!refused);
  CHECK(refused.failure().code == errc::store_unusable);
  CHECK(!store_folder::for_reading(temporary.path() / "file"));
}
