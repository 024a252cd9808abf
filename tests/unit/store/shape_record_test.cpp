#include "src/store/shape_record.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

published_shapes random_shapes(seeded_random& random, int days) {
  published_shapes out;
  for (int category = random.between(1, 4); category != 0; --category) {
    const shape_category c{random.chance(1, 2) ? 'A' : 'P',
                           random.chance(1, 2) ? connection_type::whole_current : connection_type::extra_high,
                           random.chance(1, 2) ? market_segment::smart : market_segment::unmetered, random.chance(1, 2),
                           static_cast<quantity>(random.below(quantity_count))};
    for (int n = random.between(1, days); n != 0; --n)
      for (shape_value& value : out[c][{random.between(-3, 20'000)}]) {
        value.flag = static_cast<shape_flag>(random.pick(std::vector<char>{'A', 'A', 'D', 'E', 'B'}));
        value.wh = value.flag == shape_flag::no_data ? 0 : random.between<std::int64_t>(0, largest_shape_wh);
      }
  }
  return out;
}

} // namespace

TEST_CASE("shape_record: shapes come back from their one encoding") {
  seeded_random random(4401);
  published_shapes back;
  for (int round = 0; round < 100; ++round) {
    const published_shapes shapes = random_shapes(random, 5);
    const std::string bytes = encode_published(shapes);
    REQUIRE(decode_published(bytes, back));
    CHECK(back == shapes);
    CHECK(version_of(shapes) == sha256(bytes));
  }
  REQUIRE(decode_published(encode_published({}), back));
  CHECK(back.empty());
  // A category without a day is no category.
  CHECK(encode_published({{shape_category{}, {}}}) == encode_published({}));
}

TEST_CASE("shape_record: a version is of every category, day, value and flag") {
  published_shapes shapes;
  shapes[{}][{20'000}][5] = {10, shape_flag::actual_mean};
  const digest version = version_of(shapes);
  const auto differs = [&](const auto& change) {
    published_shapes other = shapes;
    change(other);
    return version_of(other) != version;
  };
  CHECK(!differs([](published_shapes&) {}));
  CHECK(differs([](published_shapes& s) { s.begin()->second.begin()->second[5].wh = 11; }));
  CHECK(differs([](published_shapes& s) { s.begin()->second.begin()->second[5].flag = shape_flag::default_value; }));
  CHECK(differs([](published_shapes& s) { s.begin()->second.begin()->second[6].flag = shape_flag::actual_mean; }));
  CHECK(differs([](published_shapes& s) { s.begin()->second[{20'001}] = {}; }));
  CHECK(differs([](published_shapes& s) {
    shape_category other;
    other.domestic = false;
    s[other] = s.begin()->second;
    s.erase(shape_category{});
  }));
}

TEST_CASE("shape_record: what is damaged is refused or decodes to what can be published") {
  seeded_random random(4402);
  published_shapes back;
  const std::string bytes = encode_published(random_shapes(random, 3));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    (void)decode_published(std::string_view(bytes).substr(0, size), back);
  CHECK(!decode_published(std::string_view(bytes).substr(0, bytes.size() - 1), back));
  CHECK(!decode_published("", back));
  for (std::size_t i = 0; i < bytes.size() * 8; ++i) {
    std::string damaged = bytes;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << i % 8));
    bool possible = true;
    if (decode_published(damaged, back))
      for (const auto& [category, days] : back)
        for (const auto& [day, shape] : days)
          for (const shape_value& value : shape)
            possible = possible && value.wh >= 0 && value.wh <= largest_shape_wh;
    CHECK(possible);
  }
}

TEST_CASE("shape_record: a version is recorded once for each cut, in the chain, and is read back") {
  seeded_random random(4403);
  const store_fixture store;
  const published_shapes one = random_shapes(random, 3);
  const published_shapes other = random_shapes(random, 3);
  const auto record = [&](const published_shapes& shapes, std::optional<std::int64_t> cut) {
    const auto version = record_shapes(store.folder(), {cut, shapes});
    REQUIRE(version);
    CHECK(*version == version_of(shapes));
  };
  record(one, 1'000);
  CHECK(store.rows_in("journal") == 1);
  const std::string before = store.dump();
  record(one, 1'000);
  CHECK(store.dump() == before);
  record(one, 2'000);
  record(one, {});
  record(one, {});
  record(other, 1'000);
  CHECK(store.rows_in("journal") == 4);
  CHECK(broken_links(store) == 0);
  sqlite_database database = store.reader_connection();
  for (const published_shapes& shapes : {one, other}) {
    const auto back = recorded_shapes(database, version_of(shapes));
    REQUIRE(back);
    CHECK(*back == shapes);
  }
  const auto unknown = recorded_shapes(database, version_of({}));
  REQUIRE(unknown);
  CHECK(!*unknown);
  const auto versions = recorded_versions(database);
  REQUIRE(versions);
  const digest v = version_of(one);
  CHECK(*versions == std::vector<shape_version>{{v, 1'000}, {v, 2'000}, {v, {}}, {version_of(other), 1'000}});
  // A run may follow, in the same chain.
  store_writer writer = store.writer({{"T1", "F1", 1}}, {"a.csv"});
  REQUIRE(writer.close());
  CHECK(broken_links(store) == 0);
}

TEST_CASE("shape_record: shapes that are larger than a record are several, and one that is lost is missed") {
  seeded_random random(4404);
  const store_fixture store;
  published_shapes shapes;
  for (int day = 0; day < 6'000; ++day) // of values that cannot be packed
    for (shape_value& value : shapes[{}][{day}])
      value = {random.between<std::int64_t>(0, largest_shape_wh), shape_flag::actual_mean};
  const auto version = record_shapes(store.folder(), {{}, shapes});
  REQUIRE(version);
  CHECK(store.rows_in("journal") > 1);
  CHECK(store.number("SELECT max(length(body)) FROM journal") <= static_cast<std::int64_t>(largest_record));
  CHECK(broken_links(store) == 0);
  sqlite_database database = store.writer_connection();
  const auto back = recorded_shapes(database, *version);
  REQUIRE(back);
  CHECK(*back == shapes);
  REQUIRE(database.execute("DELETE FROM load_shapes WHERE part = 1"));
  const auto lost = recorded_shapes(database, *version);
  REQUIRE(!lost);
  CHECK(lost.failure().code == errc::store_failed);
}
