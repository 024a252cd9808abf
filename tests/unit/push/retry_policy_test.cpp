#include "src/push/retry_policy.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <utility>

using namespace gridtwin;
using namespace gridtwin::testing;

TEST_CASE("retry_policy: DL-06 each status has its class") {
  using enum answer_class;
  for (const auto& [status, expected] : std::initializer_list<std::pair<unsigned, answer_class>>{
         {0, again},       {100, again},     {103, again},   {200, delivered}, {201, delivered}, {204, delivered},
         {207, delivered}, {299, delivered}, {301, refused}, {302, refused},   {304, refused},   {307, refused},
         {308, refused},   {400, refused},   {401, refused}, {403, refused},   {404, refused},   {405, refused},
         {406, refused},   {408, again},     {409, refused}, {410, refused},   {413, too_large}, {414, refused},
         {429, again},     {499, refused},   {500, again},   {502, again},     {503, again},     {504, again},
         {505, again},     {599, again},     {999, again}}) {
    CAPTURE(status);
    CHECK(class_of(status) == expected);
  }
}

TEST_CASE("retry_policy: DL-06 T38 a redirect is refused, and the reason says that it was not followed") {
  CHECK(reason_of(302).find("302, a redirect: it is not followed") != std::string::npos);
  CHECK(reason_of(400).find("400") != std::string::npos);
  CHECK(reason_of(0) == "there was no answer");
}

TEST_CASE("retry_policy: DL-06 the wait is drawn from all up to a bound that doubles, and ends at a cap") {
  constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
  const back_off_limits limits{1'000, 60'000, 3'600'000};
  for (const auto& [attempt, most] : std::initializer_list<std::pair<std::uint64_t, std::int64_t>>{
         {1, 1'000}, {2, 2'000}, {3, 4'000}, {6, 32'000}, {7, 60'000}, {8, 60'000}, {100, 60'000}, {all, 60'000}}) {
    CAPTURE(attempt);
    CHECK(back_off(attempt, 0, std::nullopt, limits) == 0);
    CHECK(back_off(attempt, static_cast<std::uint64_t>(most), std::nullopt, limits) == most);
    CHECK(back_off(attempt, static_cast<std::uint64_t>(most) + 1, std::nullopt, limits) == 0);
    seeded_random dice(attempt);
    std::int64_t least = most;
    std::int64_t longest = 0;
    for (int i = 0; i < 200; ++i) {
      const std::int64_t wait = back_off(attempt, dice.bits(), std::nullopt, limits);
      CHECK(wait >= 0);
      CHECK(wait <= most);
      least = std::min(least, wait);
      longest = std::max(longest, wait);
    }
    CHECK(least < most / 10); // full jitter: the whole span
    CHECK(longest > most * 9 / 10);
  }
}

TEST_CASE("retry_policy: DL-06 what the receiver asked for is the least, up to a bound") {
  const back_off_limits limits{1'000, 60'000, 3'600'000};
  CHECK(back_off(1, 500, 30'000, limits) == 30'000);
  CHECK(back_off(1, 500, 100, limits) == 500);
  CHECK(back_off(1, 500, 0, limits) == 500);
  CHECK(back_off(1, 500, -7, limits) == 500);
  CHECK(back_off(1, 500, 1'000'000'000, limits) == 3'600'000);
}

TEST_CASE("retry_policy: DL-06 Retry-After is a number of seconds or a date") {
  constexpr std::int64_t now_s = 784'111'777; // Sun, 06 Nov 1994 08:49:37 GMT
  CHECK(parse_retry_after("120", now_s) == 120'000'000);
  CHECK(parse_retry_after("0", now_s) == 0);
  CHECK(parse_retry_after("99999999999999999999", now_s) == 1'000'000'000'000'000);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:50:07 GMT", now_s) == 30'000'000);
  CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now_s) == 0);
  CHECK(parse_retry_after("Sat, 05 Nov 1994 08:49:37 GMT", now_s) == 0); // has passed
  for (const char* text :
       {"", " 1", "-1", "1.5", "soon", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 28:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT"}) {
    CAPTURE(std::string(text));
    CHECK_FALSE(parse_retry_after(text, now_s));
  }
}
