#include "src/channel/base64.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridtwin;

TEST_CASE("base64: the vectors of RFC 4648, both ways") {
  const std::pair<std::string, std::string> all[] = {{"", ""},
                                                     {"f", "Zg=="},
                                                     {"fo", "Zm8="},
                                                     {"foo", "Zm9v"},
                                                     {"foob", "Zm9vYg=="},
                                                     {"fooba", "Zm9vYmE="},
                                                     {"foobar", "Zm9vYmFy"},
                                                     {"\xFB\xFF", "+/8="}};
  for (const auto& [bytes, text] : all) {
    CHECK(base64_of(bytes) == text);
    CHECK(parse_base64(text) == bytes);
  }
}

TEST_CASE("base64: a value has one text, and anything else is none") {
  for (const char* text : {"Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zh==", "Zm9=", "Zm 9", "Zm9v\n",
                           "Zm9vZg==Zg==", "Zg==Zm9v", "Zm-_", "Zm9\xC3"})
    CHECK_FALSE(parse_base64(text));
  testing::seeded_random random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes;
    for (std::uint64_t n = random.below(40); n != 0; --n)
      bytes += static_cast<char>(random.below(256));
    const std::string text = base64_of(bytes);
    CHECK(parse_base64(text) == bytes);
    std::string bent = text;
    if (bent.empty())
      continue;
    bent[random.below(bent.size())] = "A/=g "[random.below(5)];
    if (const auto other = parse_base64(bent))
      CHECK(base64_of(*other) == bent);
  }
}
