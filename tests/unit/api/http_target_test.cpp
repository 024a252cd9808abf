#include "src/api/api_bounds.hpp"
#include "src/api/http_target.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridtwin;

TEST_CASE("http_target: a path and its parameters, escapes resolved") {
  const auto target =
    parse_http_target("/v1/topics/feeder.half_hour/events?after=5:120,7:3&name=a%20b+c&empty&x=%C3%A9");
  REQUIRE(target);
  CHECK(target->path == std::vector<std::string>{"v1", "topics", "feeder.half_hour", "events"});
  CHECK(target->parameter("after") == "5:120,7:3");
  CHECK(target->parameter("name") == "a b+c");
  CHECK(target->parameter("empty") == "");
  CHECK(target->parameter("x") == "\xC3\xA9");
  CHECK(!target->parameter("absent"));
  CHECK(parse_http_target("/")->path.empty());
  CHECK(parse_http_target("/a?")->query.empty());
  CHECK(parse_http_target("/a?x=1=2")->parameter("x") == "1=2");
  CHECK(parse_http_target("/a%2Fb")->path == std::vector<std::string>{"a/b"});
}

TEST_CASE("http_target: T22 whatever could be read in two ways is refused, with a reason that repeats nothing") {
  for (const std::string text :
       {"",     "a",        "*",         "http://host/", "//",         "/a//b", "/a/",   "/.",
        "/..",  "/a/../b",  "/%2e%2e/b", "/a#b",         "/%",         "/%4",   "/%4g",  "/%zz",
        "/%00", "/a?%0a=1", "/%ff",      "/%C3",         "/a?x=1&x=2", "/a?=1", "/a?&&", "/a?x=%0D%0ASet-Cookie:1"}) {
    CAPTURE(text);
    const auto target = parse_http_target(text);
    REQUIRE(!target);
    CHECK(target.failure().code == errc::usage);
    CHECK(target.failure().message.starts_with("the request's target "));
    CHECK(target.failure().message.find("Cookie") == std::string::npos);
  }
}

TEST_CASE("http_target: T10 length, parts and parameters have bounds") {
  CHECK(parse_http_target("/" + std::string(api_bounds::target_bytes - 1, 'a')));
  CHECK(!parse_http_target("/" + std::string(api_bounds::target_bytes, 'a')));
  std::string path;
  for (std::size_t n = 0; n < api_bounds::path_segments; ++n)
    path += "/a";
  CHECK(parse_http_target(path));
  CHECK(!parse_http_target(path + "/a"));
  std::string query = "/a?";
  for (std::size_t n = 0; n < api_bounds::query_parameters; ++n)
    query += "p" + std::to_string(n) + "=1&";
  CHECK(parse_http_target(query));
  CHECK(!parse_http_target(query + "another=1"));
}
