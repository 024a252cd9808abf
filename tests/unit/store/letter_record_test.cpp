#include "src/store/letter_record.hpp"

#include "src/store/journal.hpp"
#include "tests/support/letter_fixture.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

twin_fault random_fault(seeded_random& random) {
  twin_fault out;
  out.twin.value = static_cast<std::uint32_t>(random.bits() >> random.between(32, 63));
  out.meter = test_mpan(random.below(1'000));
  out.reason = random.bytes(static_cast<std::size_t>(random.below(30)));
  return out;
}

letters_record decoded(const std::vector<std::string>& bodies) {
  letters_record out;
  for (const std::string& body : bodies) {
    CHECK(body.size() <= largest_record);
    REQUIRE(decode_letters(body, out));
  }
  return out;
}

} // namespace

TEST_CASE("letter_record: all that a run could not judge comes back") {
  seeded_random random(7001);
  for (int round = 0; round < 200; ++round) {
    const auto run = static_cast<std::uint32_t>(random.bits() >> random.between(32, 63));
    const known_time known{random.chance(1, 2) ? std::optional(random.between<std::int64_t>(-5, 5)) : std::nullopt};
    letters_encoder encoder(run, known);
    std::vector<std::int64_t> settled;
    std::vector<std::pair<std::int64_t, dead_letter>> letters;
    std::vector<twin_fault> parked;
    for (int n = random.between(1, 20); n > 0; --n) {
      const auto id = static_cast<std::int64_t>(random.bits() >> random.between(1, 63));
      switch (random.below(3)) {
      case 0:
        settled.push_back(id);
        encoder.settled(id);
        break;
      case 1:
        letters.emplace_back(id, random_letter(random));
        encoder.letter(id, {static_cast<std::uint32_t>(letters.size())}, letters.back().second);
        break;
      default:
        parked.push_back(random_fault(random));
        encoder.parked({static_cast<std::uint32_t>(parked.size())}, parked.back());
      }
    }
    REQUIRE(encoder.bodies().size() == 1);
    const letters_record back = decoded(encoder.bodies());
    CHECK(back.run == run);
    CHECK(back.known == known);
    CHECK(back.settled == settled);
    REQUIRE(back.letters.size() == letters.size());
    for (std::size_t i = 0; i < letters.size(); ++i) {
      CHECK(back.letters[i].id == letters[i].first);
      CHECK(back.letters[i].transformer.value == i + 1);
      CHECK(fields_of(back.letters[i].content) == fields_of(letters[i].second));
    }
    REQUIRE(back.parked.size() == parked.size());
    for (std::size_t i = 0; i < parked.size(); ++i) {
      CHECK(back.parked[i].transformer.value == i + 1);
      CHECK(back.parked[i].twin == parked[i].twin);
      CHECK(back.parked[i].meter == parked[i].meter);
      CHECK(back.parked[i].reason == parked[i].reason);
    }
  }
}

TEST_CASE("letter_record: nothing to tell is no record") { CHECK(letters_encoder(1, {}).bodies().empty()); }

TEST_CASE("letter_record: many letters are split over records, none larger than a record may be") {
  letters_encoder encoder(3, {});
  dead_letter letter = letter_of(1, 1);
  const std::size_t count = 4'000;
  for (std::size_t i = 0; i < count; ++i) {
    letter.input.line = i + 1;
    letter.input.raw.assign(i % 2 == 0 ? 900 : 100, 'r');
    encoder.letter(static_cast<std::int64_t>(i + 1), {1}, letter);
  }
  CHECK(encoder.bodies().size() >= 2);
  CHECK(encoder.bodies().size() <= 4);
  const letters_record back = decoded(encoder.bodies());
  REQUIRE(back.letters.size() == count);
  for (std::size_t i = 0; i < count; ++i)
    CHECK(back.letters[i].content.input.line == i + 1);
}

TEST_CASE("letter_record: a record that was cut, or says what cannot be, is damaged") {
  letters_encoder encoder(3, {123});
  encoder.settled(7);
  encoder.letter(8, {1}, letter_of(1, 5));
  letters_record out;
  const std::string whole = encoder.bodies()[0];
  std::size_t good = 0; // ends of the head and of an entry are no damage that can be seen
  for (std::size_t size = 0; size < whole.size(); ++size)
    good += decode_letters(whole.substr(0, size), out) ? 1 : 0;
  CHECK(good == 2);
  CHECK(decode_letters(whole, out));
  for (const char other : {'\0', '\2'}) {
    std::string versioned = whole;
    versioned[0] = other;
    CHECK(!decode_letters(versioned, out));
  }
  CHECK(!decode_letters(whole + '\4', out)); // no kind of entry
  CHECK(!decode_letters(whole + '\0', out));

  const auto refused = [](auto&& change) {
    dead_letter letter = letter_of(1, 5);
    change(letter);
    letters_encoder one(3, {});
    one.letter(8, {1}, letter);
    letters_record ignored;
    return !decode_letters(one.bodies()[0], ignored);
  };
  CHECK(!refused([](dead_letter&) {}));
  CHECK(refused([](dead_letter& l) { l.reading.quantity = static_cast<quantity>(quantity_count); }));
  CHECK(refused([](dead_letter& l) { l.reading.period.number = 0; }));
  CHECK(refused([](dead_letter& l) { l.reading.period.number = last_storable_period.number + 1; }));
  CHECK(refused([](dead_letter& l) { l.reading.version = 0; }));
  CHECK(refused([](dead_letter& l) { l.reading.version = version_limit + 1; }));
  CHECK(refused([](dead_letter& l) { l.reading.content.quality.code = quality_count; }));
  CHECK(refused([](dead_letter& l) { l.cause = static_cast<letter_cause>(letter_cause_count); }));
}
