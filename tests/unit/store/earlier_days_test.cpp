#include "src/store/earlier_days.hpp"

#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const std::vector<estate_row> rows{{"T1", "F1", 1}, {"T1", "F1", 2}, {"T2", "F1", 3}};
constexpr utc_day some_day{20'000};
const std::int64_t day_end_s = period_at(some_day, periods_per_day - 1).end_s();

stored_reading reading_of(std::uint8_t slot, std::int64_t wh, std::uint16_t version = 1, utc_day day = some_day) {
  stored_reading out;
  out.day = day;
  out.slot = slot;
  out.version = version;
  out.content = actual_of(wh);
  out.source = 1;
  out.line = 1;
  return out;
}

/// A replay of its own of readings of the first transformer.
void replay(const store_fixture& store, const std::vector<stored_reading>& readings, const known_time& known = {},
            bool merge = false, const std::vector<stored_reading>& all = {}) {
  auto writer = store_writer::open(
    store.folder(), {"", {"a.csv"}, store.bind(rows).change, std::make_shared<estate_bytes>(bytes_of(rows)), known});
  REQUIRE(writer);
  group_commit group{{commit_of({0}, 0, readings)}, {}, {}};
  if (merge)
    for (day_commit& day : group.transformers[0].days) {
      day.merge = true;
      day.earlier = pack(fragment_of(by_day(all)[day.day]));
    }
  REQUIRE(writer->commit(group));
  REQUIRE(writer->close());
}

std::set<set_key> readings_at(const store_fixture& store, const earlier_days& days, std::int64_t known_at_s,
                              utc_day day = some_day) {
  store_reader reader = store.reader();
  std::set<set_key> out;
  REQUIRE(days.load(reader, {0}, day, [&](const stored_reading& r, const fragment_origin& from) {
    if (from.known.of(period_at(r.day, r.slot)) <= known_at_s)
      out.insert(set_key_of(r));
  }));
  return out;
}

std::set<set_key> keys_of(const std::vector<stored_reading>& readings) {
  std::set<set_key> out;
  for (const stored_reading& r : readings)
    out.insert(set_key_of(r));
  return out;
}

std::optional<earlier_days> after(const store_fixture& store, std::uint32_t run, std::int64_t known_at_s) {
  store_reader reader = store.reader();
  auto out = earlier_days::after_run(reader, run, known_at_s);
  REQUIRE(out);
  return std::move(*out);
}

} // namespace

TEST_CASE("earlier_days: without a later run that counts as known, days are as they stood") {
  const store_fixture store;
  replay(store, {reading_of(0, 100)});
  CHECK(!after(store, 1, day_end_s));
  replay(store, {reading_of(1, 100)}, {day_end_s + 1});
  CHECK(!after(store, 1, day_end_s));
  CHECK(after(store, 1, day_end_s + 1));
  CHECK(after(store, 0, day_end_s));
  replay(store, {reading_of(2, 100)});
  CHECK(after(store, 1, day_end_s));
  CHECK(after(store, 2, day_end_s));
  CHECK(!after(store, 3, day_end_s));
}

TEST_CASE("earlier_days: what was added since and counts as known is left out, merged or not") {
  const store_fixture store;
  const std::vector<stored_reading> first{reading_of(0, 100), reading_of(1, 101), reading_of(1, 50, 1, {20'001})};
  const std::vector<stored_reading> second{reading_of(2, 102)};
  const std::vector<stored_reading> late{reading_of(0, 900, 2), reading_of(3, 103)};
  std::vector<stored_reading> all = first;
  replay(store, first);
  replay(store, second);
  all.insert(all.end(), second.begin(), second.end());
  all.insert(all.end(), late.begin(), late.end());
  replay(store, late, {}, true, all);
  CHECK(store.number("SELECT count(*) FROM fragments WHERE day = 20000") == 1);
  CHECK(store.number("SELECT run FROM fragments WHERE day = 20000") == 0); // who added what is forgotten there
  const std::int64_t gate_s = day_end_s + 86'400;
  const std::vector<stored_reading> before_all{first[0], first[1], second[0]};
  CHECK(readings_at(store, *after(store, 2, gate_s), gate_s) == keys_of(before_all));
  CHECK(readings_at(store, *after(store, 1, gate_s), gate_s) == keys_of({first[0], first[1]}));
  CHECK(readings_at(store, *after(store, 1, gate_s), gate_s, {20'001}) == keys_of({first[2]}));
  CHECK(readings_at(store, *after(store, 0, gate_s), gate_s).empty());
}

TEST_CASE("earlier_days: a reading that comes again, known earlier, had not counted at an instant between") {
  const store_fixture store;
  const std::int64_t gate_s = day_end_s + 1'000;
  replay(store, {reading_of(0, 100)}, {gate_s + 500});
  replay(store, {reading_of(1, 100)}, {gate_s - 500});
  replay(store, {reading_of(0, 100), reading_of(1, 100)}, {gate_s - 900});
  CHECK(readings_at(store, *after(store, 2, gate_s), gate_s) == keys_of({reading_of(1, 100)}));
  CHECK(readings_at(store, *after(store, 1, gate_s), gate_s).empty());
}

TEST_CASE("earlier_days: of random runs, what runs up to any of them had told by an instant") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    seeded_random random(seed);
    const store_fixture store;
    struct told {
      std::uint32_t run = 0;
      known_time known;
      stored_reading reading;
    };
    std::vector<told> all;
    const std::int64_t gate_s = day_end_s + 1'000;
    for (std::uint32_t run = 1; run <= 6; ++run) {
      const known_time known =
        random.chance(1, 2) ? known_time{} : known_time{gate_s + random.between<std::int64_t>(-2, 2)};
      std::map<set_key, stored_reading> readings;
      for (int n = random.between(1, 30); n > 0; --n) {
        stored_reading r = reading_of(static_cast<std::uint8_t>(random.below(48)), random.between(0, 3),
                                      random.between<std::uint16_t>(1, 2), {some_day.number + random.between(0, 1)});
        r.twin.value = static_cast<std::uint32_t>(random.below(2));
        readings.emplace(set_key_of(r), r);
      }
      std::vector<stored_reading> batch;
      for (const auto& [key, r] : readings)
        batch.push_back(r);
      replay(store, batch, known);
      for (const stored_reading& r : batch)
        all.push_back({run, known, r});
    }
    for (std::uint32_t last = 0; last <= 6; ++last) {
      const auto days = after(store, last, gate_s);
      std::set<set_key> expected;
      bool later = false;
      for (const told& t : all) {
        const bool counts = t.known.of(period_at(t.reading.day, t.reading.slot)) <= gate_s;
        later = later || (t.run > last && counts);
        if (t.run <= last && counts && t.reading.day == some_day)
          expected.insert(set_key_of(t.reading));
      }
      CHECK((days || !later));
      if (days)
        CHECK(readings_at(store, *days, gate_s) == expected);
    }
  }
}
