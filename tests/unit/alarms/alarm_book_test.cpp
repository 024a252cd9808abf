#include "src/alarms/alarm_book.hpp"

#include "tests/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

alarm_record an_overload(std::int32_t first, std::int32_t last) {
  alarm_record a;
  a.transformer = "T1";
  a.first = a.peak = {first};
  a.last = {last};
  a.half_hours = static_cast<std::uint32_t>(last - first + 1);
  a.peak_utilisation = 10'437;
  a.reported = 4;
  a.expected = 5;
  a.raised_at_s = 1'780'000'000;
  return a;
}

} // namespace

TEST_CASE("alarm_book: keeps alarms, what happened to them, and how far the log was watched") {
  const temporary_folder temporary;
  CHECK(!alarm_book::open_existing(temporary.path()).value());
  alarm_book::change change;
  change.alarms = {{an_overload(100, 110), "raised"}, {an_overload(300, 300), "raised"}};
  change.alarms[1].first.state = alarm_state::cleared;
  change.alarms[1].first.ended_at_s = 1'780'000'100;
  change.reached.offsets[5] = 77;
  change.reached.since = period{980'000};
  change.seen = {{3, std::string("\0x", 2)}};
  {
    auto book = alarm_book::open(temporary.path());
    REQUIRE(book);
    REQUIRE(book->write(change));
    CHECK(change.alarms[0].first.id == 1);
    CHECK(change.alarms[1].first.id == 2);
  }
  auto book = alarm_book::open_existing(temporary.path());
  REQUIRE(book);
  REQUIRE(*book);
  CHECK((*book)->all().value() == std::vector<alarm_record>{change.alarms[0].first, change.alarms[1].first});
  CHECK((*book)->standing().value() == std::vector<alarm_record>{change.alarms[0].first});
  CHECK((*book)->read_progress().value().offsets[5] == 77);
  CHECK((*book)->read_progress().value().since == period{980'000});
  CHECK((*book)->read_seen().value() == change.seen);
  CHECK((*book)->overloads_of("T1", {110}, {299}).value().size() == 1);
  CHECK((*book)->overloads_of("T1", {111}, {299}).value().empty());
  CHECK((*book)->overloads_of("T1", {90}, {300}).value().size() == 2);
  CHECK((*book)->overloads_of("T2", {90}, {300}).value().empty());
  const auto events = (*book)->events_after(1, 10).value();
  REQUIRE(events.size() == 1);
  CHECK(events[0].body == alarm_json(change.alarms[1].first));
}

TEST_CASE("alarm_book: an acknowledgement is made once, is an event, and stays when the alarm changes") {
  const temporary_folder temporary;
  auto book = alarm_book::open(temporary.path());
  REQUIRE(book);
  alarm_book::change change;
  change.alarms = {{an_overload(100, 110), "raised"}};
  REQUIRE(book->write(change));
  CHECK(!book->acknowledge(2, {1, "anna", ""}).value());
  const acknowledgement anna{1'780'000'050, "anna", "on the way"};
  CHECK(book->acknowledge(1, anna).value()->acknowledged == anna);
  CHECK(book->acknowledge(1, {1'780'000'060, "ben", "me too"}).value()->acknowledged == anna);
  alarm_record longer = an_overload(100, 120);
  longer.id = 1;
  change.alarms = {{longer, "changed"}};
  REQUIRE(book->write(change));
  CHECK(book->find(1).value()->acknowledged == anna);
  CHECK(book->find(1).value()->last == period{120});
  const auto events = book->events_after(0, 10).value();
  REQUIRE(events.size() == 3);
  CHECK(events[0].what == "raised");
  CHECK(events[1].what == "acknowledged");
  CHECK(events[2].what == "changed");
  CHECK(events[2].body.find("\"acknowledged_by\":\"anna\"") != std::string::npos);
}

TEST_CASE("alarm_book: a later format is refused, and what is no book") {
  const temporary_folder temporary;
  {
    auto database = sqlite_database::open(temporary.path() / "alarms.db", sqlite_database::mode::create);
    REQUIRE(database);
    REQUIRE(database->execute("PRAGMA user_version = 2"));
  }
  CHECK(!alarm_book::open(temporary.path()));
}

TEST_CASE("alarm: as JSON, by kind") {
  alarm_record a = an_overload(980'000, 980'002);
  a.id = 7;
  CHECK(
    alarm_json(a)
    == "{\"alarm\":7,\"kind\":\"overload\",\"state\":\"raised\",\"transformer_id\":\"T1\",\"mpan\":null,"
       "\"first_period_end\":\"2025-11-24T16:00:00Z\",\"last_period_end\":\"2025-11-24T17:00:00Z\",\"half_hours\":3,"
       "\"peak_period_end\":\"2025-11-24T16:00:00Z\",\"peak_utilisation_pct\":104.37,\"meters_reported\":4,"
       "\"meters_expected\":5,\"raised_at\":\"2026-05-28T20:26:40Z\",\"ended_at\":null,\"acknowledged_at\":null}");
  a.kind = alarm_kind::overdue;
  a.mpan = "1200000000017";
  CHECK(alarm_json(a).find("\"mpan\":\"1200000000017\",\"first_period_end\"") != std::string::npos);
  CHECK(alarm_json(a).find("half_hours") == std::string::npos);
}

TEST_CASE("alarm: what was written is read back member by member, and nothing else is") {
  alarm_record a = an_overload(100, 110);
  a.transformer = "T\"1\\,}";
  a.acknowledged = acknowledgement{1'780'000'000, "anna: {", ""};
  const std::string json = alarm_json(a);
  const auto members = alarm_members(json);
  REQUIRE(members);
  std::string again;
  for (const auto& [name, value] : *members)
    again += (again.empty() ? "{\"" : ",\"") + name + "\":" + value;
  CHECK(again + "}" == json);
  CHECK(members->front() == std::pair<std::string, std::string>("alarm", "0"));
  for (std::size_t size = 0; size < json.size(); ++size)
    CHECK(!alarm_members(json.substr(0, size)));
  for (const char* const other : {"", "{}", "[]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}"})
    CHECK_MESSAGE(!alarm_members(other), other);
}

TEST_CASE("alarm_book: the events of an instant and those behind it") {
  const temporary_folder temporary;
  auto book = alarm_book::open(temporary.path());
  REQUIRE(book);
  CHECK(book->last_event().value() == 0);
  CHECK(book->last_event_before(0).value() == 0);
  for (const std::int64_t at : {1000, 2000, 2000, 3000}) {
    alarm_book::change change;
    change.alarms = {{an_overload(100, 110), "raised"}};
    change.at_s = at;
    REQUIRE(book->write(change));
  }
  CHECK(book->last_event().value() == 4);
  for (const auto& [at, before] : {std::pair{0, 0}, {1000, 0}, {1001, 1}, {2000, 1}, {3000, 3}, {3001, 4}})
    CHECK(book->last_event_before(at).value() == before);
}
