#include "src/api/topic_schemas.hpp"
#include "tests/support/api_fixture.hpp"

#include <map>
#include <set>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

const std::string events = "/v1/topics/reading/events";
const std::vector<std::string> everybody{"service:settlement:s",
                                         "service:network-operator:n",
                                         "service:flexibility:f",
                                         "service:auditor:a",
                                         "operator:o",
                                         "device:d",
                                         "service:settlement:stranger"};

bool is_device(const std::string& who) { return who.starts_with("device:"); }

/// Three transformers, two days, some versions.
void add_readings(api_fixture& f) {
  f.run({{{0, {f.reading(0, 5, 0, 100), f.reading(1, 5, 0, 200)}}, {1, {f.reading(1, 5, 3, 300)}}},
         {{1, {f.reading(1, 5, 3, 333, 2), f.reading(2, 6, 47, 400)}}, {2, {f.reading(3, 6, 1, 500)}}}});
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string mpan_of(const std::string& json) {
  const std::size_t at = json.find("\"mpan\":\"");
  return at == std::string::npos ? std::string() : json.substr(at + 8, 13);
}

} // namespace

TEST_CASE("reader_api: T8 roles and topics: who may not read a topic learns no more than of one that is none") {
  api_fixture f;
  f.set_policy(one_of_each);
  add_readings(f);
  const http_response nothing = f.ask("service:settlement:s", "/v1/topics/no-such-topic/events");
  for (const std::string& who : everybody) {
    const auto peer = *parse_identity("urn:gridtwin:" + who);
    std::vector<std::string> listed;
    for (const access_topic topic : all_topics) {
      CAPTURE(who);
      const std::string name(name_of(topic));
      CAPTURE(name);
      const bool reads = f.policy->opens(peer, access_operation::read, topic).allowed() && schema_of(topic);
      const bool extracts =
        f.policy->opens(peer, access_operation::extract, topic).allowed() && topic == access_topic::reading;
      if (reads)
        listed.push_back("\"topic\":\"" + name + "\"");
      for (const auto& [target, may] :
           {std::pair("/v1/topics/" + name + "/events", reads), std::pair("/v1/topics/" + name + "/schema", reads),
            std::pair("/v1/extract/" + name, extracts)})
        for (const std::string method : {"GET", "DELETE"}) {
          const http_response answer = f.ask(who, target, method);
          CHECK(answer.status == (!may ? 404 : method == "GET" ? 200 : 405));
          if (!may) {
            CHECK(answer.body == nothing.body);
            CHECK(answer.fields == nothing.fields);
          }
        }
    }
    if (is_device(who)) { // it brings readings, and finds no topics at all
      CHECK(f.ask(who, "/v1/topics").body == nothing.body);
      continue;
    }
    const std::string topics = f.get(who, "/v1/topics");
    CHECK(f.lines(topics).size() == listed.size());
    for (const std::string& one : listed)
      CHECK(holds(topics, one));
  }
}

TEST_CASE("reader_api: T8 each event is asked for by itself: without consent a meter reaches no flexibility reader") {
  api_fixture f;
  f.set_policy(one_of_each); // consent of meters 1 and 6
  add_readings(f);
  std::multiset<std::string> of_settlement;
  for (const std::string& line : f.lines(f.get("service:settlement:s", events)))
    of_settlement.insert(mpan_of(line));
  CHECK(of_settlement.size() == 6);
  std::multiset<std::string> expected;
  for (const std::string& mpan : of_settlement)
    if (mpan == to_string(test_mpan(1)) || mpan == to_string(test_mpan(6)))
      expected.insert(mpan);
  for (const std::string& target : {events, std::string("/v1/extract/reading")}) {
    std::multiset<std::string> of_flexibility;
    for (const std::string& line : f.lines(f.get("service:flexibility:f", target)))
      of_flexibility.insert(mpan_of(line));
    if (target == events)
      CHECK(of_flexibility == expected);
    else
      CHECK(std::set<std::string>(of_flexibility.begin(), of_flexibility.end())
            == std::set<std::string>(expected.begin(), expected.end()));
  }
  // What it asks for by name is as if it were not there.
  const std::string forbidden = f.get("service:flexibility:f", "/v1/extract/reading?mpan=" + to_string(test_mpan(2)));
  CHECK(forbidden == f.get("service:flexibility:f", "/v1/extract/reading?mpan=" + to_string(test_mpan(999))));
  CHECK(forbidden.empty());
}

TEST_CASE("reader_api: T8 a change of policy holds for the next event of a stream and of an extract") {
  api_fixture f;
  f.set_policy(one_of_each);
  for (std::uint8_t slot = 0; slot < 48; ++slot)
    f.commit(0, {f.reading(0, 5, slot, 1), f.reading(1, 5, slot, 2)});
  f.accept = "text/event-stream";
  http_response stream = f.ask("service:flexibility:f", events + "?shard=" + std::to_string(shard_of("T0")));
  REQUIRE(stream.stream);
  std::string first;
  CHECK(stream.stream->next(first) == http_body::state::later);
  CHECK(holds(first, to_string(test_mpan(1))));
  CHECK(!holds(first, to_string(test_mpan(2))));
  f.set_policy(R"(
version = 1
[identities."urn:gridtwin:service:flexibility:f"]
consent_file = "2.csv"
)");
  f.commit(0, {f.reading(0, 6, 0, 1), f.reading(1, 6, 0, 2)});
  std::string second;
  CHECK(stream.stream->next(second) == http_body::state::later);
  CHECK(holds(second, to_string(test_mpan(2))));
  CHECK(!holds(second, to_string(test_mpan(1))));
  for (const std::string_view gone :
       {"version = 1\n",
        "version = 1\n[identities.\"urn:gridtwin:service:flexibility:f\"]\nstate = \"disabled\"\nconsent_file = "
        "\"1.csv\"\n",
        "version = 1\n[roles.flexibility]\nrights = "
        "[]\n[identities.\"urn:gridtwin:service:flexibility:f\"]\nconsent_file = \"1.csv\"\n"}) {
    f.set_policy(one_of_each);
    f.accept.clear();
    http_response extract = f.ask("service:flexibility:f", "/v1/extract/reading");
    f.set_policy(gone);
    f.commit(0, {f.reading(0, 7, 0, 1)});
    std::string nothing;
    CHECK(stream.stream->next(nothing) == http_body::state::broken);
    CHECK(extract.stream->next(nothing) == http_body::state::broken);
    CHECK(nothing.empty());
  }
}

TEST_CASE("reader_api: fields that a role does not see are not there, nor an id that they could be guessed from") {
  api_fixture f;
  f.set_policy(one_of_each);
  f.commit(0, {f.reading(0, 5, 0, 100)});
  const auto has = [&](const std::string& who, const std::string& key) {
    return holds(f.get(who, events), "\"" + key + "\":");
  };
  for (const std::string key : {"topic", "shard", "offset", "place", "id", "mpan", "transformer_id", "quantity",
                                "period_end", "version", "wh", "quality", "reason", "amendment", "known_at"})
    CHECK(has("service:settlement:s", key));
  for (const std::string key : {"source", "line"})
    CHECK(!has("service:settlement:s", key));
  const std::string extracted = f.get("service:settlement:s", "/v1/extract/reading?format=csv");
  CHECK(f.lines(extracted)[0] == "transformer_id,mpan,quantity,period_end,wh,quality,reason,version");
  f.set_policy(std::string(one_of_each) + "[roles.settlement]\nmasked = [\"version\", \"mpan\"]\n");
  for (const std::string key : {"version", "mpan", "id"})
    CHECK(!has("service:settlement:s", key));
  CHECK(f.lines(f.get("service:settlement:s", "/v1/extract/reading?format=csv"))[0]
        == "transformer_id,quantity,period_end,wh,quality,reason");
  f.set_policy(std::string(one_of_each) + "[roles.settlement]\nmasked = [\"quality\"]\n");
  CHECK(has("service:settlement:s", "mpan"));
  CHECK(!has("service:settlement:s", "id"));
  CHECK(!has("service:settlement:s", "quality"));
}

TEST_CASE("reader_api: DL-09 pages with positions give the whole, and the same bytes however they are cut") {
  api_fixture f;
  f.set_policy(one_of_each);
  add_readings(f);
  const std::string who = "service:settlement:s";
  const std::vector<std::string> whole = f.lines(f.get(who, events));
  CHECK(whole.size() == 6);
  for (std::size_t limit = 1; limit <= 7; ++limit) {
    std::multiset<std::string> got;
    std::string position = "-";
    for (bool at_end = false; !at_end;) {
      http_response page = f.ask(who, events + "?limit=" + std::to_string(limit) + "&after=" + position);
      REQUIRE(page.status == 200);
      for (const std::string& line : f.lines(page.body))
        got.insert(line);
      position = f.field(page, "Gridtwin-Position");
      at_end = f.field(page, "Gridtwin-At-End") == "true";
    }
    CHECK(got == std::multiset<std::string>(whole.begin(), whole.end()));
  }
}

TEST_CASE("reader_api: a page waits for its first event as long as it was told to, and no longer") {
  api_fixture f;
  f.set_policy(one_of_each);
  add_readings(f);
  const std::string who = "service:settlement:s";
  const std::string position = f.field(f.ask(who, events), "Gridtwin-Position");
  const auto asked = [&] { return f.ask(who, events + "?wait=30&after=" + position); };
  http_response waiting = asked();
  REQUIRE(waiting.later);
  CHECK(!waiting.later());
  f.now_us += 29'999'999;
  CHECK(!waiting.later());
  f.now_us += 1;
  auto empty = waiting.later();
  REQUIRE(empty);
  CHECK(empty->body.empty());
  CHECK(f.field(*empty, "Gridtwin-Position") == position);
  http_response again = asked();
  REQUIRE(again.later);
  f.commit(2, {f.reading(0, 9, 9, 9)});
  auto page = again.later();
  REQUIRE(page);
  CHECK(f.lines(page->body).size() == 1);
  CHECK(f.ask(who, events + "?wait=30").status == 200);
  CHECK(!f.ask(who, events + "?wait=30").later); // there is something already
}

TEST_CASE("reader_api: a stream ends its pieces with the position to go on from, and shows that it is alive") {
  api_fixture f;
  f.set_policy(one_of_each);
  add_readings(f);
  f.accept = "text/event-stream";
  http_response stream = f.ask("service:settlement:s", events);
  CHECK(stream.content_type == "text/event-stream");
  std::string text;
  CHECK(stream.stream->next(text) == http_body::state::later);
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find("event: reading\ndata: {", at)) != std::string::npos; ++at)
    ++count;
  CHECK(count == 6);
  const std::size_t id = text.rfind("\nid: ");
  REQUIRE(id != std::string::npos);
  const std::string last = text.substr(id + 5, text.find('\n', id + 5) - id - 5);
  CHECK(text.ends_with(last + "\n\n"));
  text.clear();
  CHECK(stream.stream->next(text) == http_body::state::later);
  CHECK(text.empty());
  f.now_us += 15'000'000;
  CHECK(stream.stream->next(text) == http_body::state::later);
  CHECK(text == ": \n\n");
  f.last_event_id = last;
  http_response again = f.ask("service:settlement:s", events + "?after=-");
  f.commit(1, {f.reading(0, 9, 9, 9)});
  text.clear();
  CHECK(again.stream->next(text) == http_body::state::later);
  CHECK(holds(text, to_string(test_mpan(5))));
  CHECK(text.find("event: reading") == text.rfind("event: reading"));
}

TEST_CASE("reader_api: pointers are kept for their owner, and reading goes on behind one") {
  api_fixture f;
  f.set_policy(one_of_each);
  add_readings(f);
  const std::string who = "service:settlement:s";
  const http_response page = f.ask(who, events + "?limit=4");
  const std::string position = f.field(page, "Gridtwin-Position");
  const auto put = [&](const std::string& by, const std::string& to, const std::string& earlier) {
    return f
      .ask(by, "/v1/pointers/mine", "PUT",
           R"({"topic":"reading","position":")" + to + "\""
             + (earlier.empty() ? "" : ",\"earlier\":\"" + earlier + "\"") + "}")
      .status;
  };
  CHECK(put(who, position, "") == 201);
  CHECK(put(who, position, "-") == 200); // once more: the answer may have been lost
  CHECK(put(who, "-", "5:1") == 409);
  CHECK(put(who, "63:99", position) == 409); // beyond what is durable
  CHECK(put(who, "x", position) == 400);
  for (const std::string& other : everybody) {
    const bool reads = other == who || other == "service:flexibility:f";
    if (other != who) {
      CHECK(f.ask(other, "/v1/pointers/mine").status == 404);
      CHECK(f.ask(other, "/v1/pointers/mine", "DELETE").status == 404);
      CHECK(f.ask(other, events + "?pointer=mine").status == 404);
      if (is_device(other))
        CHECK(f.ask(other, "/v1/pointers").status == 404);
      else
        CHECK(f.get(other, "/v1/pointers").empty());
      if (!reads)
        CHECK(put(other, "-", "") == 404);
    }
  }
  CHECK(f.lines(f.get(who, events + "?pointer=mine")).size() == 2);
  CHECK(f.get(who, "/v1/pointers") == "{\"name\":\"mine\",\"topic\":\"reading\",\"position\":\"" + position + "\"}\n");
  CHECK(f.ask(who, "/v1/pointers/mine", "DELETE").status == 204);
  CHECK(f.ask(who, "/v1/pointers/mine").status == 404);
  CHECK(f.ask(who, events + "?pointer=mine").status == 404);
}

TEST_CASE("reader_api: an extract is what stands, by day, transformer and meter, within its filter") {
  api_fixture f;
  f.set_policy(one_of_each);
  add_readings(f);
  f.commit(0, {f.reading(0, 5, 1, 7), f.reading(0, 5, 1, 8)}); // contradicted: open
  const std::string who = "service:settlement:s";
  const auto rows = [&](const std::string& filter) { return f.get(who, "/v1/extract/reading?format=csv" + filter); };
  const std::string header = "transformer_id,mpan,quantity,period_end,wh,quality,reason,version\n";
  const auto row = [](std::string t, std::uint64_t n, std::string end, int wh, int version) {
    return t + "," + to_string(test_mpan(n)) + ",AI," + end + "," + std::to_string(wh) + ",A,,"
           + std::to_string(version) + "\n";
  };
  const std::string first = row("T0", 1, "1970-01-06T00:30:00Z", 100, 1);
  const std::string second = row("T0", 2, "1970-01-06T00:30:00Z", 200, 1);
  const std::string third = row("T1", 6, "1970-01-06T02:00:00Z", 333, 2);
  const std::string fourth = row("T1", 7, "1970-01-08T00:00:00Z", 400, 1);
  const std::string fifth = row("T2", 12, "1970-01-07T01:00:00Z", 500, 1);
  CHECK(rows("") == header + first + second + third + fourth + fifth);
  CHECK(rows("&from=1970-01-06T00:30:00Z") == header + third + fourth + fifth);
  CHECK(rows("&to=1970-01-06T00:30:00Z") == header + first + second);
  CHECK(rows("&to=1970-01-06T01:30:00Z") == header + first + second); // where the third begins
  CHECK(rows("&from=1970-01-06T01:30:00Z&to=1970-01-06T02:00:00Z") == header + third);
  CHECK(rows("&from=1970-01-07&to=1970-01-07T12:00:00Z") == header + fifth);
  CHECK(rows("&transformer=T1") == header + third + fourth);
  CHECK(rows("&transformer=T9") == header);
  CHECK(rows("&mpan=" + to_string(test_mpan(2))) == header + second);
  CHECK(f.get(who, "/v1/extract/reading?mpan=" + to_string(test_mpan(6)))
        == "{\"transformer_id\":\"T1\",\"mpan\":\"" + to_string(test_mpan(6))
             + "\",\"quantity\":\"AI\",\"period_end\":\"1970-01-06T02:00:00Z\",\"wh\":333,\"quality\":\"A\","
               "\"reason\":null,\"version\":2}\n");
}

TEST_CASE("reader_api: what is asked wrongly is told by name, and nothing is guessed") {
  api_fixture f;
  f.set_policy(one_of_each);
  add_readings(f);
  const std::string who = "service:settlement:s";
  for (const std::string query :
       {"limit=0", "limit=5001", "limit=x", "limit=1&limit=2", "wait=61", "wait=-1", "shard=64", "after=x",
        "after=5:1&pointer=p", "after=&from_time=2026-03-01", "from_time=noon", "form_time=2026-03-01"})
    CHECK_MESSAGE(f.ask(who, events + "?" + query).status == 400, query);
  CHECK(f.ask(who, events + "?after=63:1000").status == 409);
  CHECK(f.ask(who, events + "?pointer=none").status == 404);
  for (const std::string query : {"format=xml", "from=x", "to=0001-01-01", "mpan=123", "mpam=1"})
    CHECK_MESSAGE(f.ask(who, "/v1/extract/reading?" + query).status == 400, query);
  for (const std::string path : {"/", "/v1", "/v2/topics", "/v1/topics/reading", "/v1/topics/reading/else",
                                 "/v1/extract", "/v1/extract/gap", "/metrics/x", "/favicon.ico"})
    CHECK_MESSAGE(f.ask(who, path).status == 404, path);
  CHECK(f.ask(who, "//").status == 400);
  CHECK(f.ask(who, "/v1/pointers/a%20b").status == 400);
  CHECK(f.ask(who, "/v1/topics", "POST").status == 405);
}

TEST_CASE("reader_api: operations are answered to whoever is let in") {
  api_fixture f;
  f.set_policy(one_of_each);
  f.commit(0, {f.reading(0, 5, 0, 1)});
  for (const std::string who : {"operator:o", "service:auditor:a", "service:network-operator:n"}) {
    CHECK(f.get(who, "/healthz") == "ok\n");
    CHECK(f.get(who, "/readyz") == "ok\n");
    CHECK(f.get(who, "/metrics") == "metrics\n");
  }
  f.not_ready = "the node is ending";
  CHECK(f.ask("operator:o", "/readyz").status == 503);
  CHECK(f.ask("operator:o", "/readyz").body == "the node is ending\n");
  CHECK(f.get("operator:o", "/healthz") == "ok\n");
}
