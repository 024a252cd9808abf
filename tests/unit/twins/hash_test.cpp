#include "twins/hash.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <string>
#include <string_view>

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

TEST_CASE("hash: hexadecimal digits are lower case and complete") {
  digest d{};
  d[0] = 0x0F;
  d[1] = 0xA0;
  d[31] = 0xFF;
  CHECK(to_hex(d) == "0fa0" + std::string(58, '0') + "ff");
}
