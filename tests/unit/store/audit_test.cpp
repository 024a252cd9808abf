#include "src/store/audit.hpp"

#include "src/store/change_history.hpp"
#include "src/store/kept_texts.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"
#include "twins/hash.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

TEST_CASE("audit: an event comes back from its record") {
  seeded_random random(7101);
  for (int round = 0; round < 200; ++round) {
    audit_event event;
    event.at_s = round == 0 ? std::numeric_limits<std::int64_t>::min() : static_cast<std::int64_t>(random.bits());
    for (std::string* text : {&event.who, &event.act, &event.subject, &event.detail})
      *text = random.bytes(static_cast<std::size_t>(random.below(40)));
    const std::string body = encode_audit(event);
    audit_event back{1, "is", "replaced", "", ""};
    REQUIRE(decode_audit(body, back));
    CHECK(back == event);
    for (std::size_t size = 0; size < body.size(); ++size)
      CHECK(!decode_audit(body.substr(0, size), back));
    CHECK(!decode_audit(body + 'x', back));
    CHECK(!decode_audit('\2' + body.substr(1), back));
  }
}

TEST_CASE("audit: acts stand in the journal and are listed in their order") {
  const store_fixture store;
  const std::vector<audit_event> events{{2'000, "ann", "replay-letters", "all", "after the fix"},
                                        {1'000, "bob", "look", "", ""}}; // whose clock was behind
  for (const audit_event& event : events)
    REQUIRE(record_act(store.folder(), event));
  sqlite_database database = store.reader_connection();
  const auto listed = recorded_acts(database);
  REQUIRE(listed);
  REQUIRE(listed->size() == 2);
  auto bodies = database.prepare("SELECT body FROM journal WHERE kind = 9 ORDER BY id");
  REQUIRE(bodies);
  for (std::size_t i = 0; i < events.size(); ++i) {
    CHECK((*listed)[i].id == static_cast<std::int64_t>(i + 1));
    CHECK((*listed)[i].event == events[i]);
    REQUIRE(bodies->step());
    CHECK(bodies->bytes(0) == encode_audit(events[i]));
  }
  CHECK(!bodies->step());
  CHECK(broken_links(store) == 0);
}

TEST_CASE("audit: a run's writer records acts among its commits, in one chain with them") {
  const store_fixture store;
  const std::vector<audit_event> events{{1'000, "192.0.2.1", "refuse-connection", "", "expired"},
                                        {1'001, "gridtwin", "reload", "lists", "files have changed"}};
  store_writer writer = store.writer({{"T1", "F1", 1}}, {"a.csv"});
  REQUIRE(writer.commit_acts(events));
  group_commit group;
  group.rejects.push_back({1, 1, 0, verdict::unparseable, "", "", "", "", "raw"});
  REQUIRE(writer.commit(group));
  REQUIRE(writer.commit_acts({}));
  REQUIRE(writer.commit_acts({events.data(), 1}));
  REQUIRE(writer.close());
  sqlite_database database = store.reader_connection();
  std::vector<audit_event> found;
  REQUIRE(for_each_act(database, 0, [&](const recorded_act& act) {
    found.push_back(act.event);
    return true;
  }));
  CHECK(found == std::vector<audit_event>{events[0], events[1], events[0]});
  CHECK(store.number("SELECT count(*) FROM journal WHERE kind = 9") == 3);
  CHECK(broken_links(store) == 0);
  std::vector<std::int64_t> newest;
  REQUIRE(for_each_act(database, 2, [&](const recorded_act& act) {
    newest.push_back(act.id);
    return true;
  }));
  CHECK(newest == std::vector<std::int64_t>{2, 3});
  REQUIRE(for_each_act(database, 0, [&](const recorded_act& act) {
    newest.push_back(act.id);
    return false;
  }));
  CHECK(newest.size() == 3);
}

TEST_CASE("audit: an act without a name, or with a text that is too long, is refused and leaves nothing") {
  const store_fixture store;
  const std::string before = store.dump();
  const std::string most(longest_audit_text, 'x');
  for (const audit_event& refused :
       {audit_event{1, "", "act", "", ""}, audit_event{1, "ann", "", "", ""}, audit_event{1, most + 'x', "act", "", ""},
        audit_event{1, "ann", most + 'x', "", ""}, audit_event{1, "ann", "act", most + 'x', ""},
        audit_event{1, "ann", "act", "", most + 'x'}}) {
    const auto done = record_act(store.folder(), refused);
    REQUIRE(!done);
    CHECK(done.failure().code == errc::usage);
  }
  CHECK(store.dump() == before);
  CHECK(record_act(store.folder(), {1, most, most, most, most}));
  CHECK(store.number("SELECT max(length(body)) FROM journal") <= static_cast<std::int64_t>(largest_record));
}

TEST_CASE("audit: SE-07, a text in force is kept whole, and told where it is another than before") {
  const store_fixture store;
  const auto use = [&](std::string_view act, std::string subject, std::string text) {
    REQUIRE(record_act(store.folder(), {store.number("SELECT count(*) FROM audit") + 100,
                                        "gridtwin",
                                        std::string(act),
                                        std::move(subject),
                                        {},
                                        std::move(text)}));
    return store.number("SELECT count(*) FROM audit");
  };
  CHECK(use(use_policy_act, "access.toml", "version = 1\n") == 1);
  CHECK(use(use_policy_act, "access.toml", "version = 1\n") == 1);
  CHECK(use(use_policy_file_act, "meters.csv", "version = 1\n") == 2); // another file that says the same
  CHECK(use(use_policy_act, "access.toml", "version = 2\n") == 3);
  CHECK(use(use_policy_act, "access.toml", "version = 1\n") == 4); // the first one again
  CHECK(use(use_settings_act, "access.toml", "version = 1\n") == 5);
  const std::string endless(longest_kept_text + 1, 'x');
  CHECK(use(use_policy_file_act, "meters.csv", endless) == 6);
  CHECK(store.number("SELECT count(*) FROM estate_texts") == 2);
  CHECK(broken_links(store) == 0);
  sqlite_database database = store.reader_connection();
  const auto changes = recorded_changes(database);
  REQUIRE(changes);
  REQUIRE(changes->size() == 6);
  const auto text_of = [&](std::size_t i) {
    const auto texts = texts_of(database, (*changes)[i]);
    REQUIRE(texts);
    return texts->empty() ? "none" : texts->front().name + ": " + texts->front().text;
  };
  CHECK(text_of(0) == "access.toml: version = 1\n");
  CHECK(text_of(2) == "access.toml: version = 2\n");
  CHECK(text_of(3) == text_of(0));
  CHECK(text_of(5) == "none");
  CHECK((*changes)[5].hash == to_hex(sha256(endless)));
  for (std::size_t i = 0; i < 6; ++i)
    CHECK((*changes)[i].kept == (i != 5));
  CHECK((*changes)[2].since_s == 102);
  CHECK((*changes)[4].thing == changed_thing::settings);
}

TEST_CASE("audit: SE-07, what comes back is told again, of settings and policy by whatever name, of each named file by "
          "its own") {
  const store_fixture store;
  std::map<std::string, std::string> in_force; // by act; of a named file by its name
  const auto start = [&](std::string_view act, const std::string& subject, const std::string& text, bool new_one) {
    const std::int64_t before = store.number("SELECT count(*) FROM audit");
    REQUIRE(record_act(store.folder(), {before, "gridtwin", std::string(act), subject, {}, text}));
    CHECK(store.number("SELECT count(*) FROM audit") == before + (new_one ? 1 : 0));
    in_force[act == use_policy_file_act ? subject : std::string(act)] = subject + ": " + text;
    sqlite_database database = store.reader_connection();
    const auto acts = recorded_acts(database);
    REQUIRE(acts);
    std::map<std::string, std::string> listed;
    for (const recorded_act& one : *acts) {
      const auto kept = kept_text(database, ungrouped_hash(one.event.detail));
      REQUIRE(kept);
      listed[one.event.act == use_policy_file_act ? one.event.subject : one.event.act] =
        one.event.subject + ": " + kept->value_or("none");
    }
    CHECK(listed == in_force);
  };
  for (const std::string_view act : {use_settings_act, use_policy_act}) {
    start(act, "a.toml", "a", true);
    start(act, "b.toml", "b", true);
    start(act, "a.toml", "a", true);
    start(act, "a.toml", "a", false);
    start(act, "b.toml", "a", true);
  }
  start(use_policy_file_act, "one.csv", "1", true);
  start(use_policy_file_act, "two.csv", "2", true);
  start(use_policy_file_act, "one.csv", "1", false);
  start(use_policy_file_act, "one.csv", "2", true);
  start(use_policy_file_act, "two.csv", "2", false);
  start(use_policy_file_act, "one.csv", "1", true);
}
