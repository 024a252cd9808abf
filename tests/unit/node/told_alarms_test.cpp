#include "src/node/told_alarms.hpp"

#include "tests/support/api_fixture.hpp"

#include <map>
#include <set>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr std::string_view readers_of_alarms = R"(
version = 1
privacy_floor = 5
[roles.network-operator]
rights = ["read alarm"]
[identities."urn:gridtwin:service:network-operator:all"]
transformers = "all"
[identities."urn:gridtwin:service:network-operator:one"]
transformers = ["T1"]
[identities."urn:gridtwin:service:settlement:s"]
[identities."urn:gridtwin:service:flexibility:f"]
consent_file = "1.csv"
[identities."urn:gridtwin:service:auditor:a"]
[identities."urn:gridtwin:operator:o"]
)";
const std::string events = "/v1/topics/alarm/events";

alarm_record alarm_of(alarm_kind kind, std::string transformer, std::string mpan, std::uint32_t reported) {
  alarm_record a;
  a.kind = kind;
  a.transformer = std::move(transformer);
  a.mpan = std::move(mpan);
  a.first = a.last = a.peak = {100};
  a.half_hours = 1;
  a.peak_utilisation = 10'437;
  a.reported = reported;
  a.expected = 9;
  return a;
}

void write(const store_fixture& store, std::vector<alarm_record> alarms, std::int64_t at_s) {
  auto book = alarm_book::open(store.path());
  REQUIRE(book);
  alarm_book::change change;
  for (alarm_record& a : alarms)
    change.alarms.emplace_back(std::move(a), "raised");
  change.at_s = at_s;
  REQUIRE(book->write(change));
}

} // namespace

TEST_CASE("told_alarms: T8 P6 alarms by role: households to operators alone, aggregates by transformer and floor") {
  api_fixture f;
  f.set_policy(readers_of_alarms);
  f.commit(0, {f.reading(0, 5, 0, 1)});
  f.alarms = std::make_shared<told_alarms>(f.store.path());
  CHECK(f.get("operator:o", events).empty()); // nobody has watched it
  CHECK(f.ask("operator:o", events + "?after=0:1").status == 409);
  const std::string meter = to_string(test_mpan(1));
  write(f.store,
        {alarm_of(alarm_kind::overload, "T1", "", 6), alarm_of(alarm_kind::overload, "T2", "", 6),
         alarm_of(alarm_kind::overload, "T1", "", 4), alarm_of(alarm_kind::overdue, "T1", meter, 0),
         alarm_of(alarm_kind::fleet_overdue, "", "", 6)},
        1000);
  const auto seen_by = [&](const std::string& who) {
    std::set<std::string> out;
    for (const std::string& line : f.lines(f.get(who, events))) {
      const std::size_t at = line.find("\"alarm\":") + 8;
      out.insert(line.substr(at, line.find(',', at) - at));
    }
    return out;
  };
  CHECK(seen_by("operator:o") == std::set<std::string>{"1", "2", "3", "4", "5"});
  CHECK(seen_by("service:network-operator:all") == std::set<std::string>{"1", "2"});
  CHECK(seen_by("service:network-operator:one") == std::set<std::string>{"1"});
  for (const std::string who : {"service:settlement:s", "service:flexibility:f", "service:auditor:a"})
    CHECK(f.ask(who, events).status == 404);
  CHECK(f.get("operator:o", events).find("\"peak_utilisation_pct\":104.37") != std::string::npos);
  CHECK(f.get("service:network-operator:all", events).find("peak_utilisation_pct") == std::string::npos);
  CHECK(f.get("operator:o", events).find(meter) != std::string::npos);
}

TEST_CASE("told_alarms: P4 P14 pages, positions, times, and a page that waits for an alarm") {
  api_fixture f;
  f.set_policy(readers_of_alarms);
  f.commit(0, {f.reading(0, 5, 0, 1)});
  f.alarms = std::make_shared<told_alarms>(f.store.path());
  for (std::int64_t at = 1000; at <= 7000; at += 1000)
    write(f.store, {alarm_of(alarm_kind::overload, "T1", "", 6)}, at);
  const std::vector<std::string> whole = f.lines(f.get("operator:o", events));
  REQUIRE(whole.size() == 7);
  for (std::size_t limit = 1; limit <= 8; ++limit) {
    std::vector<std::string> got;
    std::string position = "-";
    for (bool at_end = false; !at_end;) {
      http_response page = f.ask("operator:o", events + "?limit=" + std::to_string(limit) + "&after=" + position);
      REQUIRE(page.status == 200);
      for (const std::string& line : f.lines(page.body))
        got.push_back(line);
      position = f.field(page, "Gridtwin-Position");
      at_end = f.field(page, "Gridtwin-At-End") == "true";
    }
    CHECK(position == "0:7");
    CHECK(got == whole);
  }
  CHECK(f.lines(f.get("operator:o", events + "?from_time=1970-01-01T01:06:40Z")).size() == 4); // 4000 s
  for (const std::string beyond : {"0:8", "0:7,5:1"})
    CHECK(f.ask("operator:o", events + "?after=" + beyond).status == 409);
  http_response waiting = f.ask("operator:o", events + "?wait=30&after=0:7");
  REQUIRE(waiting.later);
  CHECK(!waiting.later());
  write(f.store, {alarm_of(alarm_kind::overload, "T1", "", 6)}, 8000); // of the store itself nothing changes
  const auto page = waiting.later();
  REQUIRE(page);
  CHECK(f.lines(page->body).size() == 1);
}
