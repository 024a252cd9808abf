#include "src/api/api_bounds.hpp"
#include "src/api/pointer_request.hpp"
#include "src/api/pointer_store.hpp"
#include "tests/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridtwin;
using namespace gridtwin::testing;
using outcome = pointer_store::outcome;

namespace {

std::unique_ptr<pointer_store> open(const temporary_folder& folder) {
  auto out = pointer_store::open(folder.path());
  REQUIRE(out);
  return std::move(*out);
}

} // namespace

TEST_CASE("pointer_store: P4 a pointer moves only from where its owner believes it to be, and outlives the process") {
  const temporary_folder folder;
  const kept_pointer first{"mine", "reading", "5:1"};
  const kept_pointer second{"mine", "reading", "5:2"};
  {
    const auto store = open(folder);
    CHECK(*store->keep("me", first, "5:0") == outcome::moved_meanwhile); // it is not there
    CHECK(*store->keep("me", first, std::nullopt) == outcome::kept);
    CHECK(*store->keep("me", first, std::nullopt) == outcome::kept); // the first answer was lost
    CHECK(*store->keep("me", second, std::nullopt) == outcome::moved_meanwhile);
    CHECK(*store->keep("me", second, "5:7") == outcome::moved_meanwhile);
    CHECK(**store->find("me", "mine") == first);
    CHECK(*store->keep("me", {"mine", "other", "5:2"}, "5:1") == outcome::moved_meanwhile);
    CHECK(*store->keep("me", second, "5:1") == outcome::kept);
    CHECK(*store->keep("me", first, "5:2") == outcome::kept); // backwards, too
  }
  const auto again = open(folder);
  CHECK(**again->find("me", "mine") == first);
}

TEST_CASE("pointer_store: nobody sees or moves another's pointers") {
  const temporary_folder folder;
  const auto store = open(folder);
  CHECK(*store->keep("me", {"b", "reading", "5:1"}, std::nullopt) == outcome::kept);
  CHECK(*store->keep("me", {"a", "reading", "5:2"}, std::nullopt) == outcome::kept);
  CHECK(*store->keep("you", {"b", "reading", "5:3"}, std::nullopt) == outcome::kept);
  CHECK(store->list("me")->size() == 2);
  CHECK(store->list("me")->front().name == "a");
  CHECK((**store->find("you", "b")).position == "5:3");
  CHECK(!*store->find("you", "a"));
  CHECK(!*store->remove("you", "a"));
  CHECK(*store->remove("you", "b"));
  CHECK((**store->find("me", "b")).position == "5:1");
  CHECK(store->list("nobody")->empty());
}

TEST_CASE("pointer_store: an identity has so many and no more") {
  const temporary_folder folder;
  const auto store = open(folder);
  for (std::size_t n = 0; n < api_bounds::pointers_of_identity; ++n)
    CHECK(*store->keep("me", {"p" + std::to_string(n), "reading", "-"}, std::nullopt) == outcome::kept);
  CHECK(*store->keep("me", {"more", "reading", "-"}, std::nullopt) == outcome::too_many);
  CHECK(*store->keep("me", {"p1", "reading", "5:1"}, "-") == outcome::kept);
  CHECK(*store->keep("you", {"more", "reading", "-"}, std::nullopt) == outcome::kept);
  CHECK(*store->remove("me", "p2"));
  CHECK(*store->keep("me", {"more", "reading", "-"}, std::nullopt) == outcome::kept);
}

TEST_CASE("pointer_request: its keys, each once, and nothing else") {
  const auto good = parse_pointer_request(R"({"topic":"reading","position":"5:1.2","earlier":"-"})");
  REQUIRE(good);
  CHECK(good->topic == "reading");
  CHECK(good->position == "5:1.2");
  CHECK(good->earlier == "-");
  CHECK(!parse_pointer_request(R"({"topic":"reading","position":""})")->earlier);
  CHECK(parse_pointer_request(R"({"topic":"reading","position":""})")->position == "-"); // one way to write it
  CHECK(!parse_pointer_request(R"({"topic":"reading","position":"5:1","earlier":null})")->earlier);
  for (const std::string text :
       {"", "{}", "[]", "null", "\"reading\"", R"({"topic":"reading"})", R"({"position":"5:1"})",
        R"({"topic":"reading","position":5})", R"({"topic":null,"position":"5:1"})",
        R"({"topic":"reading","position":"5:1","more":"x"})", R"({"topic":"a","topic":"b","position":"5:1"})",
        R"({"topic":"a","position":"5:1","earlier":null,"earlier":"5:1"})", R"({"topic":"reading","position":"x"})",
        R"({"topic":"reading","position":"5:1","earlier":"x"})", R"({"topic":"reading","position":"5:1"} x)",
        "{\"topic\":\"reading\",\"position\":\"5:1\"", "{\"topic\":\"\xff\",\"position\":\"5:1\"}"}) {
    CAPTURE(text);
    CHECK(!parse_pointer_request(text));
  }
  CHECK(is_pointer_name("a.B-9_"));
  CHECK(is_pointer_name(std::string(64, 'a')));
  for (const std::string& name : {std::string(), std::string(65, 'a'), std::string("a/b"), std::string("a b")})
    CHECK(!is_pointer_name(name));
}
