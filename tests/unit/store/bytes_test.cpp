#include "src/store/bytes.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>

#include <limits>
#include <string>
#include <vector>

using namespace gridtwin;
using gridtwin::testing::seeded_random;

namespace {

std::string number_bytes(std::uint64_t value) {
  std::string out;
  byte_writer(out).number(value);
  return out;
}

std::string signed_bytes(std::int64_t value) {
  std::string out;
  byte_writer(out).signed_number(value);
  return out;
}

std::int64_t most_memory_kib() {
  rusage usage{};
  REQUIRE(getrusage(RUSAGE_SELF, &usage) == 0);
  return usage.ru_maxrss;
}

} // namespace

TEST_CASE("bytes: numbers at the edges of their length") {
  for (int bits = 0; bits < 64; ++bits)
    for (int by = -1; by <= 1; ++by) {
      const std::uint64_t value = (std::uint64_t{1} << bits) + static_cast<std::uint64_t>(by);
      const std::string bytes = number_bytes(value);
      std::size_t length = 1;
      for (std::uint64_t rest = value >> 7; rest != 0; rest >>= 7)
        ++length;
      CHECK(bytes.size() == length);
      byte_reader in(bytes);
      CHECK(in.number() == value);
      CHECK(in.ok());
      CHECK(in.left() == 0);
    }
  CHECK(number_bytes(0) == std::string(1, '\0'));
  CHECK(number_bytes(127) == "\x7F");
  CHECK(number_bytes(128) == "\x80\x01");
  CHECK(number_bytes(std::numeric_limits<std::uint64_t>::max()).size() == 10);
}

TEST_CASE("bytes: signed numbers near zero are short and the extremes come back") {
  for (const std::int64_t value :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, std::int64_t{63}, std::int64_t{-64}})
    CHECK(signed_bytes(value).size() == 1);
  CHECK(signed_bytes(64).size() == 2);
  CHECK(signed_bytes(-65).size() == 2);
  seeded_random random(1);
  std::vector<std::int64_t> values{std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(),
                                   std::numeric_limits<std::int64_t>::min() + 1};
  for (int i = 0; i < 1000; ++i)
    values.push_back(static_cast<std::int64_t>(random.bits()) >> random.below(64));
  std::string bytes;
  byte_writer w(bytes);
  for (const std::int64_t value : values)
    w.signed_number(value);
  byte_reader in(bytes);
  int wrong = 0;
  for (const std::int64_t value : values)
    wrong += in.signed_number() == value ? 0 : 1;
  CHECK(wrong == 0);
  CHECK(in.ok());
  CHECK(in.at_end());
}

TEST_CASE("bytes: a record that is cut anywhere is bad and yields zeros") {
  std::string bytes;
  byte_writer w(bytes);
  w.byte(7);
  w.number(300);
  w.text("text");
  w.signed_number(-1'000'000);
  w.raw("abc");
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    CAPTURE(size);
    byte_reader in(std::string_view(bytes).substr(0, size));
    const std::uint8_t first = in.byte();
    const std::uint64_t number = in.number();
    const std::string_view text = in.text();
    const std::int64_t folded = in.signed_number();
    const std::string_view raw = in.raw(3);
    CHECK(in.ok() == (size == bytes.size()));
    CHECK(in.at_end());
    CHECK(first == (size > 0 ? 7 : 0));
    CHECK((in.ok() ? number == 300 && text == "text" && folded == -1'000'000 && raw == "abc" : raw.empty()));
  }
}

TEST_CASE("bytes: numbers that are too long and texts that promise too much are bad") {
  byte_reader endless(std::string_view("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 12));
  CHECK(endless.number() == 0);
  CHECK(!endless.ok());
  CHECK(endless.at_end());
  const std::string promise = number_bytes(std::numeric_limits<std::uint64_t>::max()) + "abc";
  byte_reader in(promise);
  CHECK(in.text().empty());
  CHECK(!in.ok());
  byte_reader empty{std::string_view()};
  CHECK(empty.ok());
  CHECK(empty.at_end());
  CHECK(empty.raw(0).empty());
  CHECK(empty.ok());
  CHECK(empty.byte() == 0);
  CHECK(!empty.ok());
}

TEST_CASE("bytes: packing brings every size back and makes what repeats smaller") {
  seeded_random random(2);
  for (const std::size_t size : {0U, 1U, 2U, 47U, 48U, 49U, 127U, 128U, 1000U, 16'383U, 16'384U, 1U << 20U}) {
    CAPTURE(size);
    const std::string noise = random.bytes(size);
    const std::string same(size, 'x');
    CHECK(unpack(pack(noise)) == noise);
    CHECK(unpack(pack(same)) == same);
    CHECK(pack(noise).size() <= noise.size() + 1);
    if (size >= 127)
      CHECK(pack(same).size() < same.size() / 2);
    CHECK(pack(same) == pack(same));
  }
}

TEST_CASE("bytes: what was not packed or is cut is refused") {
  CHECK(!unpack(""));
  CHECK(!unpack("\x02"
                "abc"));
  CHECK(!unpack("\x01"));
  CHECK(!unpack("\x01\x05garbage"));
  CHECK(unpack(std::string_view("\x00", 1)) == "");
  const std::string packed = pack(std::string(1000, 'x') + "end");
  REQUIRE(packed.front() == 1);
  for (std::size_t size = 0; size < packed.size(); ++size)
    CHECK(!unpack(std::string_view(packed).substr(0, size)));
  CHECK(!unpack(packed + "x"));
}

TEST_CASE("bytes: a frame that promises more than its blocks can hold is refused before room is made") {
  constexpr std::uint64_t promised = std::uint64_t{1} << 30;
  std::string packed;
  byte_writer w(packed);
  w.byte(1);
  w.number(promised);
  w.raw("\x28\xB5\x2F\xFD\xE0"); // a frame whose head ends with its content's size in eight bytes
  for (int b = 0; b < 8; ++b)
    w.byte(static_cast<std::uint8_t>(promised >> (8 * b)));
  w.raw({"\x03\x00\x10x", 4}); // its last block: 128 KiB of one byte
  const std::int64_t before = most_memory_kib();
  CHECK(!unpack(packed));
  CHECK(most_memory_kib() - before < 1 << 16);
  // What packs best is within the limit.
  const std::string same(std::size_t{16} << 20, 'x');
  CHECK(unpack(pack(same)) == same);
}

TEST_CASE("bytes: a flipped bit is refused or unpacks to as many bytes") {
  seeded_random random(3);
  std::string raw;
  for (int i = 0; i < 200; ++i)
    raw += "row " + std::to_string(random.below(1000)) + ';';
  const std::string packed = pack(raw);
  REQUIRE(packed.front() == 1);
  int refused = 0;
  for (std::size_t i = 1; i < packed.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = packed;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      const auto found = unpack(damaged);
      refused += found ? 0 : 1;
      if (found)
        CHECK(found->size() == raw.size());
    }
  CHECK(refused > 0);
}
