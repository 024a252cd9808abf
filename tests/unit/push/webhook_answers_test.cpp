// What a webhook makes of a receiver's answers, and what it writes down of them.

#include "src/push/webhook_delivery.hpp"

#include "src/channel/base64.hpp"
#include "tests/support/push_fixture.hpp"
#include "twins/hash.hpp"

#include <map>
#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

TEST_CASE("webhook_delivery: DL-06 what may be taken later is offered again, the same and after a pause") {
  for (const unsigned status : {0U, 408U, 429U, 500U, 503U}) {
    delivery_fixture f;
    fill(f, 2, 2);
    f.receiver.answers = {status, status, status, status};
    f.open();
    std::int64_t waited = 0;
    for (int i = 0; i < 400 && f.receiver.taken.empty(); ++i) {
      const std::int64_t wait = f.delivery->step();
      waited += wait;
      f.now_us += wait + 1;
    }
    CAPTURE(status);
    CHECK(waited > 0);
    REQUIRE(f.receiver.bodies.size() >= 5);
    for (std::size_t i = 1; i < 5; ++i)
      CHECK(f.receiver.bodies[i] == f.receiver.bodies[0]);
    f.run();
    CHECK(sorted(f.taken()) == sorted(f.expected()));
    CHECK(f.kept()->letters("mds", std::nullopt)->empty());
  }
}

TEST_CASE("webhook_delivery: DL-06 Retry-After is waited for") {
  delivery_fixture f;
  fill(f, 1, 1);
  f.receiver.answers = {503};
  f.receiver.retry_after = "90";
  f.open();
  const std::int64_t began = f.now_us;
  for (int i = 0; i < 1000 && f.receiver.bodies.size() < 2; ++i)
    f.now_us += f.delivery->step() + 1;
  CHECK(f.receiver.bodies.size() == 2);
  CHECK(f.now_us - began >= 90'000'000);
}

TEST_CASE("webhook_delivery: DL-06 what is refused becomes a dead letter with its reason, and the rest goes on") {
  for (const unsigned status : {301U, 400U, 401U, 403U, 404U, 405U, 406U}) {
    delivery_fixture f;
    fill(f, 2, 3);
    f.options.most_events = 8;
    f.receiver.answers = {200, status};
    f.open();
    f.run();
    CAPTURE(status);
    const auto letters = f.kept()->letters("mds", push_letter_state::waiting);
    REQUIRE(letters->size() == 1);
    const push_letter& letter = letters->front();
    CHECK(letter.status == status);
    CHECK(letter.events == 8);
    CHECK(letter.reason.find(std::to_string(status)) != std::string::npos);
    CHECK(f.taken().size() == f.expected().size() - 8);
    CHECK(ascends(f.taken()));
    // Sent again it is what was missing, marked as such.
    REQUIRE(*f.kept()->set_letters({0, "mds", 1, "anna", "replay-webhook-letter", {}, "mended"}, {letter.id},
                                   push_letter_state::queued)
            == 1);
    f.receiver.bodies.clear();
    f.now_us += 1'100'000;
    f.run();
    CHECK(sorted(f.taken()) == sorted(f.expected()));
    REQUIRE(f.receiver.bodies.size() == 1);
    CHECK(f.receiver.bodies[0].find("\"replay\":true") != std::string::npos);
    CHECK(f.kept()->letters("mds", push_letter_state::settled)->size() == 1);
    REQUIRE(f.told.size() == 1);
    CHECK(f.told[0].who == "anna");
  }
}

TEST_CASE("webhook_delivery: DL-06 413 halves a request down to one event, which alone becomes a dead letter") {
  delivery_fixture f;
  fill(f, 1, 5);
  f.open();
  const std::string bad = "\"period_end\":\"1970-04-13T01:00:00Z\"";
  f.receiver.decide = [&](const std::string& body) {
    return body.find(bad) != std::string::npos || events_in(body).size() > 12 ? 413U : 200U;
  };
  f.run();
  const std::vector<std::string> all = f.expected();
  std::vector<std::string> wanted;
  for (const std::string& e : all)
    if (e.find(bad) == std::string::npos)
      wanted.push_back(e);
  REQUIRE(wanted.size() < all.size());
  CHECK(sorted(f.taken()) == sorted(wanted));
  const auto letters = f.kept()->letters("mds", push_letter_state::waiting);
  CHECK(letters->size() == all.size() - wanted.size());
  for (const push_letter& one : *letters) {
    CHECK(one.events == 1);
    CHECK(one.status == 413);
  }
}

TEST_CASE("webhook_delivery: DL-10 the journal has a record of each request with all that is asked for") {
  delivery_fixture f;
  fill(f, 1, 2);
  f.options.most_events = 8;
  f.receiver.answers = {503, 200, 400};
  f.open();
  f.run();
  const auto journal = f.kept()->journal("mds", 100);
  REQUIRE(journal->size() == f.receiver.bodies.size());
  REQUIRE(journal->size() == 3);
  const std::vector<std::string> statuses{"Retrying", "Delivered", "RejectedByRecipient"};
  const std::vector<unsigned> answers{503, 200, 400};
  for (std::size_t i = 0; i < 3; ++i) {
    const push_record& r = (*journal)[i];
    CHECK(r.status == statuses[i]);
    CHECK(r.answer == answers[i]);
    CHECK(r.stage == "answer");
    CHECK(r.recipient == "urn:gridtwin:service:settlement:s");
    CHECK(r.uri == f.options.url);
    CHECK(r.correlation == text_in(f.receiver.bodies[i], "correlation"));
    CHECK(r.duration_ms >= 0);
    CHECK(r.bytes == static_cast<std::int64_t>(f.receiver.bodies[i].size()));
    CHECK(r.events == 8);
  }
  CHECK((*journal)[0].correlation == (*journal)[1].correlation);
  CHECK((*journal)[1].correlation != (*journal)[2].correlation);
}

TEST_CASE("webhook_delivery: SE-02 a request has the platform's four fields, over its own body") {
  delivery_fixture f;
  fill(f, 1, 1);
  f.open();
  f.run();
  std::map<std::string, std::string> fields(f.receiver.fields.begin(), f.receiver.fields.end());
  CHECK(fields["X-DIP-Content-Hash"] == base64_of(bytes_of(sha256(f.receiver.bodies[0]))));
  CHECK(fields["X-DIP-Signature-Date"] == "2026-06-16T02:15:00Z");
  const auto pem = parse_base64(fields["X-DIP-Signature-Certificate"]);
  REQUIRE(pem);
  CHECK(*pem == test_signer()->pem());
  const auto signature = parse_base64(fields["X-DIP-Signature"]);
  REQUIRE(signature);
  CHECK(*signature
        == test_signer()->sign("POST;https://receiver.example/events;2026-06-16T02:15:00Z;"
                               + fields["X-DIP-Content-Hash"]));
  CHECK(fields["Gridtwin-Position"] == text_in(f.receiver.bodies[0], "position"));
}
