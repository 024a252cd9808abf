#include "twins/mpan.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace gridtwin;

namespace {

/// Single-digit changes of an MPAN that its check digit catches.
int changes_caught(const std::string& text) {
  int caught = 0;
  for (std::size_t i = 0; i < text.size(); ++i)
    for (char c = '0'; c <= '9'; ++c) {
      if (c == text[i])
        continue;
      std::string changed = text;
      changed[i] = c;
      caught += parse_mpan(changed) ? 0 : 1;
    }
  return caught;
}

} // namespace

TEST_CASE("mpan: ID-01 check digits of the domain notes") {
  for (const std::string_view text : {"2000056535971", "1900012374324", "1030006718997", "2000056535990",
                                      "2312345678900", "1012345678903", "1212345678902", "2000056535917"}) {
    CAPTURE(text);
    const auto number = parse_mpan(text);
    REQUIRE(number);
    CHECK(to_string(*number) == text);
    CHECK(check_digit(number->number / 10) == text.back() - '0');
  }
  for (const std::string_view text :
       {"2499999999990", "8699999999991", "2000056535972", "2000056535976", "2000056535977", "2000056535991",
        "1200000000000", "1099999999997", "2099999999386"}) {
    CAPTURE(text);
    CHECK(!parse_mpan(text));
  }
  CHECK(check_digit(249'999'999'999) == 1);
  CHECK(check_digit(869'999'999'999) == 7);
}

TEST_CASE("mpan: ID-01 single digit changes are caught as far as the check digit can") {
  CHECK(changes_caught("2000056535971") == 117);
  CHECK(changes_caught("2000056535990") == 105); // 10 folds to 0
}

TEST_CASE("mpan: what is not 13 digits is none") {
  for (const std::string_view text :
       {"", "1", "200005653597", "20000565359710", " 2000056535971", "2000056535971 ", "20000565359a1", "+000056535971",
        "-000056535971", "20000 6535971", "2000056535.71", "０００００００００００００"}) {
    CAPTURE(text);
    CHECK(!parse_mpan(text));
  }
}

TEST_CASE("mpan: leading zeros are kept in the text") {
  const int digit = check_digit(12'345);
  const std::string text = "000000012345" + std::to_string(digit);
  REQUIRE(parse_mpan(text));
  CHECK(to_string(*parse_mpan(text)) == text);
  CHECK(parse_mpan("0000000000000") == mpan{0});
  CHECK(to_string(mpan{0}) == "0000000000000");
}
