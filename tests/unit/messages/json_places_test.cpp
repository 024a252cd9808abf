#include "src/messages/json_places.hpp"

#include "tests/support/message_fixture.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

std::vector<std::string> elements(const std::string& text) {
  std::vector<std::string> out;
  for (const text_place& p : elements_of(text))
    out.push_back(text.substr(p.offset, p.size));
  return out;
}

} // namespace

TEST_CASE("json places: elements of a list, or the value itself") {
  using texts = std::vector<std::string>;
  CHECK(elements("[1, {\"a\":[2,3]} ,\"x,]\\\"\" ]\n") == texts{"1", "{\"a\":[2,3]}", "\"x,]\\\"\""});
  CHECK(elements(" {\"a\":[1,2]} ") == texts{"{\"a\":[1,2]}"});
  CHECK(elements("[]").empty());
  CHECK(elements("") == texts{""});
  for (const std::string broken : {"[", "]", "[\"", "{]}", "[1,\"\\", "[[[", ",,,"})
    for (const text_place& p : elements_of(broken))
      CHECK(p.offset + p.size <= broken.size());
}

TEST_CASE("json places: the half hours of a message as they stand in it") {
  const if021_message m = built(ramp("2026-06-15", 3)).front();
  const std::string text = with(text_of(m), "\"DEV\",\"subText\":null", R"("DEV","subText":"}]{[\"{")");
  CHECK(half_hour_text(text, 0) == R"({"sp":"2026-06-15T00:30:00+00:00","v":"9.901","q":"A","e":null,"arc":null})");
  CHECK(half_hour_text(text, 49) == R"({"sp":"2026-06-16T01:00:00+00:00","v":"9.902","q":"A","e":null,"arc":null})");
  CHECK(half_hour_text(text, 143).starts_with(R"({"sp":"2026-06-18T00:00:00+00:00")"));
  CHECK(half_hour_text(text, 144).empty());
}
