// A webhook against a receiver of the test's own, which answers what it is told to; no network.

#include "src/push/webhook_delivery.hpp"

#include "src/push/push_bounds.hpp"
#include "tests/support/push_fixture.hpp"
#include "tests/support/seeded_random.hpp"

#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

TEST_CASE("webhook_delivery: DL-01 P4 all that its reader sees arrives, in order and once, also what comes meanwhile") {
  delivery_fixture f;
  fill(f, 3, 5);
  f.options.most_events = 7;
  f.open();
  f.run();
  fill(f, 3, 4, 105);
  f.run();
  CHECK(sorted(f.taken()) == sorted(f.expected()));
  CHECK(f.taken().size() == 3 * 9 * 8);
  CHECK(ascends(f.taken()));
  CHECK(f.counters.events == f.taken().size());
}

TEST_CASE("webhook_delivery: DL-07 a request keeps to its bytes as to its events") {
  delivery_fixture f;
  fill(f, 3, 40);
  f.options.most_events = 5'000;
  for (const std::size_t most : {8'000U, 20'000U, 95'000U}) {
    f.options.name = "by-" + std::to_string(most);
    f.options.most_bytes = most;
    f.receiver.bodies.clear();
    f.receiver.taken.clear();
    f.open();
    f.run();
    CHECK(sorted(f.taken()) == sorted(f.expected()));
    std::size_t largest = 0;
    for (const std::string& body : f.receiver.bodies) {
      CHECK(body.size() <= most);
      largest = std::max(largest, body.size());
    }
    CHECK(largest > most * 7 / 10); // and it uses what it may
  }
  f.options.name = "by-count";
  f.options.most_events = 100;
  f.receiver.bodies.clear();
  f.open();
  f.run();
  for (const std::string& body : f.receiver.bodies)
    CHECK(events_in(body).size() <= 100);
}

TEST_CASE(
  "webhook_delivery: DL-01 a process that dies anywhere repeats at most what was not taken, and misses nothing") {
  delivery_fixture f;
  fill(f, 3, 20);
  f.options.most_events = 16;
  seeded_random dice(11);
  f.receiver.decide = [&](const std::string&) { return dice.below(5) == 0 ? 503U : 200U; };
  for (int deaths = 0; deaths < 40; ++deaths) {
    f.open();
    f.run(static_cast<int>(dice.below(12)));
  }
  f.receiver.decide = {};
  f.open();
  f.run();
  const std::vector<std::string> got = f.taken();
  CHECK(got.size() == f.expected().size()); // each death was after what was taken had been noted
  CHECK(sorted(got) == sorted(f.expected()));
  CHECK(ascends(got));
}

TEST_CASE("webhook_delivery: DL-05 a receiver that is away costs a pointer: what is read is no more than a request") {
  delivery_fixture f;
  fill(f, 3, 3);
  f.options.most_events = 10;
  bool away = true;
  f.receiver.decide = [&](const std::string&) { return away ? 0U : 200U; };
  f.open();
  for (int i = 0; i < 50; ++i)
    f.now_us += f.delivery->step() + 1;
  const auto there = f.kept()->find("mds");
  CHECK((*there)->position == "-");
  CHECK((*there)->failing_s);
  for (const std::string& body : f.receiver.bodies)
    CHECK(body == f.receiver.bodies[0]);
  away = false;
  f.run();
  CHECK(sorted(f.taken()) == sorted(f.expected()));
  CHECK_FALSE((*f.kept()->find("mds"))->failing_s);
}

TEST_CASE("webhook_delivery: T14 the reader's rights are asked for each event and each attempt") {
  delivery_fixture f;
  fill(f, 2, 2);
  f.options.reader = *parse_identity("urn:gridtwin:service:flexibility:f"); // consent of the meters 1 and 6
  f.receiver.answers = {503};
  f.open();
  f.delivery->step();
  REQUIRE(f.receiver.bodies.size() == 1);
  const std::string both = f.receiver.bodies[0];
  CHECK(events_in(both).size() == 16);
  // Consent is taken back between two attempts.
  std::string policy(one_of_each);
  policy.replace(policy.find("1-6.csv"), 7, "6.csv");
  f.set_policy(policy);
  f.run();
  CHECK(f.taken().size() == 8);
  CHECK(sorted(f.taken()) == sorted(f.expected("service:flexibility:f")));
  // Without any right nothing more goes out, and nothing is lost.
  f.set_policy("version = 1\n");
  fill(f, 2, 3, 102);
  f.run(50);
  CHECK(f.taken().size() == 8);
  CHECK((*f.kept()->find("mds"))->trouble.find("no right") != std::string::npos);
  f.set_policy(policy);
  f.run();
  CHECK(sorted(f.taken()) == sorted(f.expected("service:flexibility:f")));
}

TEST_CASE(
  "webhook_delivery: DL-05 paused by an operator nothing is sent and the pointer stays; resumed it goes on at once") {
  delivery_fixture f;
  fill(f, 1, 1);
  f.open();
  REQUIRE(*f.kept()->set_paused({0, "mds", 1, "anna", "pause-webhook", "mds", "repair"}, true) == 1);
  f.run(50);
  CHECK(f.receiver.bodies.empty());
  CHECK(f.counters.paused);
  REQUIRE(*f.kept()->set_paused({0, "mds", 2, "anna", "resume-webhook", "mds", ""}, false) == 1);
  CHECK(*f.kept()->set_paused({0, "mds", 3, "anna", "resume-webhook", "mds", ""}, false) == 0); // no act
  f.run();
  CHECK(sorted(f.taken()) == sorted(f.expected()));
  REQUIRE(f.told.size() == 2);
  CHECK(f.told[0].act == "pause-webhook");
  CHECK(f.told[1].act == "resume-webhook");
}

TEST_CASE("webhook_delivery: DL-05 the disk is bounded: with so many dead letters it stands still, and loses nothing") {
  delivery_fixture f;
  fill(f, 3, 50); // 1200 events
  f.options.most_events = 1;
  f.receiver.decide = [](const std::string&) { return 400U; };
  f.open();
  f.run(6'000);
  const auto letters = f.kept()->letters("mds", push_letter_state::waiting);
  CHECK(letters->size() == push_bounds::letters);
  CHECK((*f.kept()->find("mds"))->trouble.find("dead letters") != std::string::npos);
  f.receiver.decide = {};
  REQUIRE(*f.kept()->set_letters({0, "mds", 1, "anna", "replay-webhook-letter", {}, ""}, {}, push_letter_state::queued)
          == push_bounds::letters);
  f.now_us += 10'000'000;
  f.run(30'000);
  CHECK(sorted(f.taken()) == sorted(f.expected()));
  CHECK(f.kept()->letters("mds", push_letter_state::settled)->size() == push_bounds::letters);
}

TEST_CASE("webhook_delivery: a webhook keeps its topic, and a pointer of another store moves nothing") {
  delivery_fixture f;
  fill(f, 1, 1);
  f.open();
  f.options.topic = access_topic::audit;
  const auto other = webhook_delivery::open(f.options,
                                            {*f.pool, f.receiver, *test_signer(), [&] { return f.policy; },
                                             [] { return 0; }, [] { return 0; }, [](const push_act&) {}, 7, f.counters},
                                            f.kept());
  REQUIRE(!other);
  CHECK(other.failure().message.find("needs another name") != std::string::npos);
  f.options.topic = access_topic::reading;
  REQUIRE(f.kept()->move("mds", "5:4711"));
  f.open();
  f.run(50);
  CHECK(f.receiver.bodies.empty());
  CHECK((*f.kept()->find("mds"))->trouble.find("another store") != std::string::npos);
}

TEST_CASE("webhook_delivery: DL-05 P17 over a backlog the oldest run comes first, however fast each shard has grown") {
  delivery_fixture f(6);
  seeded_random dice(5);
  for (std::int32_t day = 100; day < 130; ++day) { // a run a day; T0 has a record an hour, the others one a day
    std::vector<api_fixture::group> groups;
    for (std::uint8_t slot = 0; slot < 12; ++slot) {
      api_fixture::group g{{0, {api_fixture::reading(0, day, slot, 100)}}};
      if (slot == 3)
        for (std::uint32_t t = 1; t < 6; ++t)
          if (dice.below(3) != 0)
            g.push_back({t, {api_fixture::reading(1, day, slot, 200)}});
      groups.push_back(std::move(g));
    }
    f.run(groups);
  }
  f.options.most_events = 10;
  f.open();
  f.run(30);
  f.open(); // goes on in the midst of it
  f.run();
  CHECK(sorted(f.taken()) == sorted(f.expected()));
  std::string before;
  for (const std::string& e : f.taken()) {
    const std::string day = text_in(e, "period_end").substr(0, 10);
    CHECK(day >= before);
    before = day;
  }
}
