#include "src/store/reading_moves.hpp"

#include "src/store/journal.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr stored_place place(std::uint32_t t, std::uint32_t slot) { return {{t}, {slot}}; }

} // namespace

TEST_CASE("reading_moves: moves come back from their records, which stay below the limit") {
  seeded_random random(2901);
  std::vector<moved_range> moves;
  for (int i = 0; i < 200'000; ++i)
    moves.push_back({place(static_cast<std::uint32_t>(random.below(0xFFFF'FFFF)), static_cast<std::uint32_t>(i)),
                     {random.between(-1'000'000, 0), random.between(0, 1'000'000)},
                     place(7, static_cast<std::uint32_t>(random.below(1'000)))});
  moves.push_back({place(1, 2), {}, place(3, 4)}); // for ever
  const std::vector<std::string> bodies = encode_moves(12, 3, moves);
  CHECK(bodies.size() > 1);
  moves_record all;
  for (const std::string& body : bodies) {
    CHECK(body.size() <= largest_record);
    moves_record one;
    REQUIRE(decode_moves(body, one));
    CHECK(one.change == 12);
    CHECK(one.before_run == 3);
    all.moves.insert(all.moves.end(), one.moves.begin(), one.moves.end());
  }
  CHECK(all.moves == moves);
  CHECK(encode_moves(12, 3, {}).empty());
}

TEST_CASE("reading_moves: damaged records are refused") {
  const std::vector<moved_range> moves{{place(1, 2), {5, 9}, place(3, 4)}};
  const std::string body = encode_moves(1, 2, moves).front();
  moves_record out;
  for (std::size_t size = 0; size < body.size(); ++size)
    CHECK((!decode_moves(std::string_view(body).substr(0, size), out) || size == 3)); // a head without moves
  CHECK(!decode_moves("\x02" + body.substr(1), out));
  CHECK(!decode_moves(body.substr(0, 3) + std::string("\xFF\xFF\xFF\xFF\xFF\x01", 6) + body.substr(4), out));
}

TEST_CASE("reading_moves: a reading follows the changes after its run, each of them once") {
  reading_moves moves;
  CHECK(moves.empty());
  moves.add({1, 3, {{place(1, 0), {0, 10}, place(2, 0)}}});
  moves.add({1, 3, {{place(2, 0), {0, 10}, place(1, 0)}}}); // of the same change: they change places
  moves.add({9, 5, {{place(2, 0), {4, 8}, place(2, 1)}}});
  CHECK(!moves.empty());
  CHECK(moves.place_of(place(1, 0), {2}, 1) == place(2, 0));
  CHECK(moves.place_of(place(2, 0), {2}, 1) == place(1, 0));
  CHECK(moves.place_of(place(1, 0), {5}, 2) == place(2, 1));
  CHECK(moves.place_of(place(1, 0), {10}, 1) == place(1, 0));
  CHECK(moves.place_of(place(1, 0), {5}, 3) == place(1, 0)); // added since
  CHECK(moves.place_of(place(2, 0), {5}, 4) == place(2, 1));
  CHECK(moves.any_from({1}, 2));
  CHECK(!moves.any_from({1}, 3));
  CHECK(moves.any_from({2}, 4));
  CHECK(!moves.any_from({2}, 5));
  CHECK(!moves.any_from({3}, 0));
  CHECK(moves.any_between({1}, {2}));
  CHECK(moves.any_between({2}, {1}));
  CHECK(!moves.any_between({1}, {3}));
  moves.add({12, 6, {{place(2, 1), {0, 9}, place(3, 0)}}});
  CHECK(moves.any_between({1}, {3})); // by way of the second
  CHECK(!moves.any_between({3}, {1}));

  std::vector<stored_reading> readings(4);
  for (std::size_t i = 0; i < readings.size(); ++i) {
    readings[i].slot = static_cast<std::uint8_t>(i);
    readings[i].day = period{5}.day();
    readings[i].line = i;
  }
  const std::int32_t first = period_at(period{5}.day(), 0).number;
  moves.keep(readings, 1, {1}, {2}, 1);
  for (std::size_t i = 1; i < readings.size(); ++i)
    CHECK(moves.place_of(place(1, 0), {first + static_cast<std::int32_t>(readings[i].line)}, 1).transformer
          == transformer_number{2});
  CHECK(readings.front().line == 0); // what stood before is not asked
}
