#include "twins/hash.hpp"

#include "tests/support/seeded_random.hpp"
#include "twins/hash_stream.hpp"
#include "twins/sha256_lanes.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

using namespace gridtwin;
using gridtwin::testing::seeded_random;

namespace {

/// By the library's ordinary interface.
digest evp_sha256(std::string_view bytes) {
  digest out{};
  unsigned int size = 0;
  REQUIRE(EVP_Digest(bytes.data(), bytes.size(), out.data(), &size, EVP_sha256(), nullptr) == 1);
  REQUIRE(size == out.size());
  return out;
}

std::string_view view(const digest& d) { return {reinterpret_cast<const char*>(d.data()), d.size()}; }

digest random_digest(seeded_random& random) {
  digest out;
  std::generate(out.begin(), out.end(), [&] { return static_cast<std::uint8_t>(random.below(256)); });
  return out;
}

/// What stands behind the hashes that were asked for, and must not be written to.
const digest untouched = [] {
  digest d;
  d.fill(0x5A);
  return d;
}();

/// Every way that this machine can go, and the choice among them.
std::vector<sha256_way> ways_here() {
  std::vector<sha256_way> ways{sha256_by_library()};
  for (const auto& way : {sha256_by_sha_ni(), sha256_by_avx512()})
    if (way)
      ways.push_back(*way);
  ways.push_back({"choice",
                  [](const sha256_block* blocks, std::size_t count, digest* hashes) noexcept {
                    sha256_blocks({blocks, count}, {hashes, count});
                  },
                  [](const digest* children, std::size_t count, digest* parents) noexcept {
                    sha256_nodes({children, 2 * count}, {parents, count});
                  }});
  return ways;
}

} // namespace

TEST_CASE("hash: SHA-256 of published vectors") {
  CHECK(to_hex(sha256(std::string_view())) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(to_hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(to_hex(sha256(std::string(1'000'000, 'a')))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("hash: SHA-256 of every length around its blocks as the library's") {
  seeded_random random(5);
  for (std::size_t size = 0; size <= 300; ++size) {
    const std::string bytes = random.bytes(size);
    CAPTURE(size);
    CHECK(sha256(bytes) == evp_sha256(bytes));
  }
  for (const std::size_t size : {std::size_t{4095}, std::size_t{4096}, std::size_t{65'537}}) {
    const std::string bytes = random.bytes(size);
    CHECK(sha256(bytes) == evp_sha256(bytes));
  }
  CHECK(sha256(std::string(55, '\xff')) == evp_sha256(std::string(55, '\xff')));
  CHECK(sha256(std::string(56, '\0')) == evp_sha256(std::string(56, '\0')));
}

TEST_CASE("hash: an inner node is the hash of a mark and two children") {
  seeded_random random(6);
  for (int i = 0; i < 200; ++i) {
    const digest left = sha256(random.bytes(8));
    const digest right = sha256(random.bytes(8));
    CHECK(sha256_node(left, right) == evp_sha256("\x01" + std::string(view(left)) + std::string(view(right))));
    CHECK(sha256_node(left, right) != sha256_node(right, left));
  }
}

TEST_CASE("hash: messages of a block side by side as one by one, for every length and 0 to 40 of them") {
  seeded_random random(7);
  for (const sha256_way& way : ways_here()) {
    CAPTURE(way.name);
    for (std::size_t size = 0; size <= longest_in_one_block; ++size)
      for (std::size_t count = 0; count <= 40; ++count) {
        std::vector<sha256_block> blocks(count);
        std::vector<digest> expected;
        for (sha256_block& block : blocks) {
          const std::string bytes = random.bytes(block.size()); // pad_block clears what is behind the message
          std::copy(bytes.begin(), bytes.end(), block.begin());
          pad_block(block, size);
          expected.push_back(evp_sha256(std::string_view(bytes).substr(0, size)));
        }
        expected.push_back(untouched);
        std::vector<digest> hashes(count + 1, untouched);
        way.blocks(blocks.data(), count, hashes.data());
        CAPTURE(size);
        CAPTURE(count);
        CHECK(hashes == expected);
      }
  }
}

TEST_CASE("hash: messages of different lengths side by side") {
  seeded_random random(8);
  for (const sha256_way& way : ways_here())
    for (int round = 0; round < 200; ++round) {
      std::vector<sha256_block> blocks(random.below(41));
      std::vector<digest> expected;
      for (sha256_block& block : blocks) {
        const std::string bytes = random.bytes(random.below(longest_in_one_block + 1));
        std::copy(bytes.begin(), bytes.end(), block.begin());
        pad_block(block, bytes.size());
        expected.push_back(sha256(bytes));
      }
      std::vector<digest> hashes(blocks.size());
      way.blocks(blocks.data(), blocks.size(), hashes.data());
      CAPTURE(way.name);
      CHECK(hashes == expected);
    }
}

TEST_CASE("hash: nodes side by side as one by one, also in the place of their children") {
  seeded_random random(9);
  for (const sha256_way& way : ways_here())
    for (std::size_t count = 0; count <= 40; ++count)
      for (int round = 0; round < 10; ++round) {
        std::vector<digest> children(2 * count);
        for (digest& child : children)
          child = random_digest(random);
        std::vector<digest> expected;
        for (std::size_t i = 0; i < count; ++i)
          expected.push_back(
            evp_sha256("\x01" + std::string(view(children[2 * i])) + std::string(view(children[2 * i + 1]))));
        std::vector<digest> in_place = children;
        in_place.push_back(untouched);
        way.nodes(in_place.data(), count, in_place.data());
        CAPTURE(way.name);
        CAPTURE(count);
        CHECK(std::equal(expected.begin(), expected.end(), in_place.begin()));
        CHECK(std::equal(children.begin() + static_cast<std::ptrdiff_t>(count), children.end(),
                         in_place.begin() + static_cast<std::ptrdiff_t>(count)));
        expected.push_back(untouched);
        std::vector<digest> parents(count + 1, untouched);
        way.nodes(children.data(), count, parents.data());
        CHECK(parents == expected);
      }
}

TEST_CASE("hash: an odd last child has no parent") {
  const std::vector<digest> children{sha256("a"), sha256("b"), sha256("c")};
  std::vector<digest> parents(2, untouched);
  sha256_nodes(children, parents);
  CHECK(parents == std::vector<digest>{sha256_node(children[0], children[1]), untouched});
}

TEST_CASE("hash: hexadecimal digits are lower case and complete") {
  digest d{};
  d[0] = 0x0F;
  d[1] = 0xA0;
  d[31] = 0xFF;
  CHECK(to_hex(d) == "0fa0" + std::string(58, '0') + "ff");
}

TEST_CASE("hash: parts that come one by one have the hash of the whole, wherever it is cut") {
  std::string text;
  for (int i = 0; i < 300; ++i)
    text += static_cast<char>(i * 7);
  sha256_stream empty;
  CHECK(empty.value() == sha256(std::string_view()));
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    sha256_stream stream;
    stream.add(std::string_view(text).substr(0, cut));
    CHECK(stream.value() == sha256(std::string_view(text).substr(0, cut))); // and more may follow
    stream.add(std::string_view(text).substr(cut));
    CHECK(stream.value() == sha256(text));
  }
}
