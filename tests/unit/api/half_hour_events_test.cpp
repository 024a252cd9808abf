#include "src/api/event_json.hpp"
#include "src/api/topic_schemas.hpp"
#include "src/api/topic_source.hpp"
#include "tests/support/api_fixture.hpp"
#include "tests/support/seeded_random.hpp"

#include <map>
#include <set>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr std::string_view operators = R"(
version = 1
privacy_floor = 3
[roles.operator]
rights = ["operate", "read feeder.half_hour", "read transformer.half_hour"]
[identities."urn:gridtwin:service:network-operator:all"]
transformers = "all"
[identities."urn:gridtwin:service:network-operator:one"]
transformers = ["T0"]
[identities."urn:gridtwin:service:auditor:a"]
[identities."urn:gridtwin:operator:o"]
)";

/// Of each transformer a feeder of five meters and one of two; readings by their places: 0 to 4, and 5 and 6.
std::vector<estate_row> rows_of(std::uint32_t transformers) {
  std::vector<estate_row> out;
  for (std::uint32_t t = 0; t < transformers; ++t)
    for (std::uint64_t n = 1; n <= 7; ++n)
      out.push_back({"T" + std::to_string(t), n <= 5 ? "F1" : "F2", 7 * t + n});
  return out;
}

std::string events_of(const std::string& topic) { return "/v1/topics/" + topic + "/events"; }
const std::string feeder_events = events_of("feeder.half_hour");
const std::string transformer_events = events_of("transformer.half_hour");

std::string value_of(const std::string& json, const std::string& key) {
  const std::size_t at = json.find("\"" + key + "\":");
  if (at == std::string::npos)
    return {};
  const std::size_t begin = at + key.size() + 3;
  return json.substr(begin, json.find_first_of(",}", begin) - begin);
}

} // namespace

TEST_CASE("half_hour_events: P6 DL-09 the topics that have events are those that have a schema") {
  for (const access_topic topic : all_topics)
    CHECK((source_of(topic) != nullptr) == schema_of(topic).has_value());
}

TEST_CASE("half_hour_events: T8 AG-04 each event by the tenant's transformers and the floor, households to nobody") {
  api_fixture f(rows_of(2));
  f.set_policy(operators);
  for (std::uint32_t t = 0; t < 2; ++t)
    f.commit(t, {f.reading(0, 5, 0, 100), f.reading(1, 5, 0, 200), f.reading(2, 5, 0, 300), f.reading(5, 5, 0, 50)});
  const auto feeders_for = [&](const std::string& who) {
    std::set<std::string> out;
    for (const std::string& line : f.lines(f.get(who, feeder_events)))
      out.insert(value_of(line, "transformer_id") + value_of(line, "feeder_id") + value_of(line, "import_wh"));
    return out;
  };
  const std::set<std::string> both{R"("T0""F1"600)", R"("T1""F1"600)"};
  CHECK(feeders_for("service:network-operator:all") == both);
  CHECK(feeders_for("operator:o") == both); // who runs a node is no reader of households either
  CHECK(feeders_for("service:network-operator:one") == std::set<std::string>{R"("T0""F1"600)"});
  CHECK(f.get("service:network-operator:all", transformer_events).empty()); // less F1 it is one meter of F2
  for (const std::string who : {"service:auditor:a", "service:settlement:x"})
    CHECK(f.ask(who, feeder_events).status == 404);
  // A fourth meter alone: the difference would be its own.
  f.commit(0, {f.reading(3, 5, 0, 400)});
  CHECK(feeders_for("service:network-operator:one") == std::set<std::string>{R"("T0""F1"600)"});
  f.commit(0, {f.reading(0, 5, 0, 101, 2), f.reading(1, 5, 0, 201, 2)});
  CHECK(feeders_for("service:network-operator:one") == std::set<std::string>{R"("T0""F1"600)", R"("T0""F1"1002)"});
  // A higher floor holds at once, also for what could be told before.
  std::string higher(operators);
  f.set_policy(higher.replace(higher.find("privacy_floor = 3"), 17, "privacy_floor = 4"));
  CHECK(feeders_for("service:network-operator:one") == std::set<std::string>{R"("T0""F1"1000)"});
}

TEST_CASE("half_hour_events: AG-08 export of few is told to nobody, and with it what it could be worked out from") {
  api_fixture f(rows_of(1));
  f.set_policy(operators);
  const auto exported = [&](std::uint32_t n, std::int64_t wh) {
    stored_reading r = f.reading(n, 5, 0, wh);
    r.quantity = quantity::active_export;
    return r;
  };
  f.commit(0, {f.reading(0, 5, 0, 100), f.reading(1, 5, 0, 200), f.reading(2, 5, 0, 300), exported(0, 1000)});
  const std::string who = "service:network-operator:all";
  for (const std::string& events : {feeder_events, transformer_events}) {
    const std::string event = f.get(who, events);
    CHECK(value_of(event, "import_wh") == "600");
    for (const std::string key : {"export_wh", "kva", "utilisation_pct"})
      CHECK(value_of(event, key).empty());
  }
  f.commit(0, {exported(1, 500), exported(2, 25)});
  for (const std::string& events : {feeder_events, transformer_events}) {
    const std::vector<std::string> lines = f.lines(f.get(who, events));
    REQUIRE(lines.size() == 2);
    CHECK(value_of(lines[1], "export_wh") == "1525");
    CHECK(value_of(lines[1], "kva").empty() == (events == feeder_events));
  }
}

TEST_CASE("half_hour_events: P4 DL-09 the same bytes from any position, by whatever connection, between commits") {
  for (const std::uint64_t seed : {1U, 2U, 3U}) {
    seeded_random dice(seed);
    api_fixture f(rows_of(4));
    f.run({});
    auto first = opened_store::open(f.store.folder());
    auto second = opened_store::open(f.store.folder()); // of another thread: nothing that one keeps may matter
    REQUIRE(first);
    REQUIRE(second);
    f.set_policy(operators);
    std::multiset<std::string> got;
    event_position at;
    const reader_rights everything([&f] { return f.policy; }, *parse_identity("urn:gridtwin:operator:o"));
    const topic_source& source = *source_of(access_topic::feeder_half_hour);
    std::uint16_t version = 1;
    for (int round = 0; round < 30 || dice.below(4) != 0; ++round) {
      if (round < 30) {
        std::vector<stored_reading> readings;
        for (std::uint32_t n = 0; n < 7; ++n)
          if (dice.below(3) != 0)
            readings.push_back(f.reading(n, 5 + static_cast<std::int32_t>(dice.below(2)),
                                         static_cast<std::uint8_t>(dice.below(3)),
                                         static_cast<std::int64_t>(dice.below(900)), version));
        if (!readings.empty())
          f.commit(static_cast<std::uint32_t>(dice.below(4)), readings);
        version = static_cast<std::uint16_t>(version + dice.below(2));
      }
      auto text = parse_event_position(to_string(at));
      REQUIRE(text);
      at = *text;
      const auto page =
        source.read(dice.below(2) == 0 ? **first : **second, everything, at, {std::nullopt, 1 + dice.below(6), 1000},
                    [&](std::string_view json) { got.emplace(json); });
      REQUIRE(page);
    }
    for (bool at_end = false; !at_end;) {
      const auto page = source.read(**first, everything, at, {std::nullopt, 5, 1000},
                                    [&](std::string_view json) { got.emplace(json); });
      REQUIRE(page);
      at_end = page->at_end;
    }
    std::multiset<std::string> whole;
    for (const std::string& line : f.lines(f.get("operator:o", feeder_events)))
      whole.insert(line);
    CHECK(got == whole);
    CHECK(whole.size() > 10);
  }
}

TEST_CASE("audit_events: P6 P12 acts are told to auditors alone, in order, without MPANs") {
  api_fixture f;
  f.set_policy(one_of_each);
  f.commit(0, {f.reading(0, 5, 0, 1)});
  const std::string meter = to_string(test_mpan(1));
  REQUIRE(
    record_act(f.store.folder(), {1000, "alice", "unpark-twin", meter, "meter " + meter + ", see 12345678901234"}));
  f.commit(0, {f.reading(1, 5, 0, 1)});
  REQUIRE(record_act(f.store.folder(), {2000, "bob", "drop-letter", "7", "\"noise\""}));
  const std::string events = events_of("audit");
  const std::vector<std::string> lines = f.lines(f.get("service:auditor:a", events));
  REQUIRE(lines.size() == 2);
  CHECK(value_of(lines[0], "who") == R"("alice")");
  CHECK(value_of(lines[0], "subject") == R"("*************")");
  CHECK(lines[0].find(meter) == std::string::npos);
  CHECK(lines[0].find("12345678901234") != std::string::npos); // which is none
  CHECK(value_of(lines[0], "at") == R"("1970-01-01T00:16:40Z")");
  CHECK(value_of(lines[1], "act") == R"("drop-letter")");
  CHECK(lines[1].find(R"("detail":"\"noise\"")") != std::string::npos);
  for (const std::string who :
       {"service:settlement:s", "service:network-operator:n", "service:flexibility:f", "operator:o", "device:d"})
    CHECK(f.ask(who, events).status == 404);
  for (const auto& [from, expected] : std::vector<std::pair<std::string, std::size_t>>{{"1970-01-01T00:00:00Z", 2},
                                                                                       {"1970-01-01T00:16:40Z", 2},
                                                                                       {"1970-01-01T00:16:41Z", 1},
                                                                                       {"1970-01-01T00:33:21Z", 0}})
    CHECK(f.lines(f.get("service:auditor:a", events + "?from_time=" + from)).size() == expected);
  http_response page = f.ask("service:auditor:a", events + "?limit=1");
  CHECK(f.lines(page.body) == std::vector{lines[0]});
  CHECK(f.lines(f.get("service:auditor:a", events + "?after=" + f.field(page, "Gridtwin-Position")))
        == std::vector{lines[1]});
}
