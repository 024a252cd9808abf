// A webhook against a receiver of the test's own, which answers what it is told to; no network.

#include "src/push/webhook_delivery.hpp"

#include "src/channel/base64.hpp"
#include "src/push/push_bounds.hpp"
#include "tests/support/api_fixture.hpp"
#include "tests/support/seeded_random.hpp"
#include "twins/hash.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <deque>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

/// A number that stands behind `"name":` in JSON.
std::int64_t number_in(std::string_view json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":";
  const std::size_t at = json.find(key);
  REQUIRE(at != std::string_view::npos);
  return std::stoll(std::string(json.substr(at + key.size(), 20)));
}

std::string text_in(std::string_view json, std::string_view name) {
  const std::string key = "\"" + std::string(name) + "\":\"";
  const std::size_t at = json.find(key);
  REQUIRE(at != std::string_view::npos);
  return std::string(json.substr(at + key.size(), json.find('"', at + key.size()) - at - key.size()));
}

/// The lines between the body's first and its last.
std::vector<std::string> events_in(const std::string& body) {
  std::vector<std::string> lines = api_fixture::lines(body);
  REQUIRE(lines.size() >= 3);
  lines.erase(lines.begin());
  lines.pop_back();
  for (std::string& line : lines)
    if (line.back() == ',')
      line.pop_back();
  return lines;
}

/// Answers as `answers` says in turn, then 200; of what it took it keeps the events.
class told_receiver final : public webhook_sender {
public:
  push_answer post(const push_request& request) override {
    bodies.push_back(request.body);
    fields = request.fields;
    push_answer out;
    out.stage = "answer";
    out.status = 200;
    if (decide)
      out.status = decide(request.body);
    if (!answers.empty()) {
      out.status = answers.front();
      answers.pop_front();
    }
    out.retry_after = retry_after;
    if (out.status == 0)
      out.trouble = "no connection";
    if (out.status >= 200 && out.status < 300)
      for (std::string& event : events_in(request.body))
        taken.push_back(std::move(event));
    return out;
  }
  void stop() override {}

  std::deque<unsigned> answers;
  std::function<unsigned(const std::string&)> decide;
  std::string retry_after;
  std::vector<std::string> bodies;
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<std::string> taken;
};

/// Files of a key and its certificate, made once: RSA keys take a while.
std::shared_ptr<const text_signer> test_signer() {
  static const std::shared_ptr<const text_signer> made = [] {
    const temporary_folder folder;
    const std::string key = (folder.path() / "signer.key").string();
    const std::string pem = (folder.path() / "signer.pem").string();
    openssl_ptr<EVP_PKEY> pair(EVP_RSA_gen(2048));
    openssl_ptr<X509> own(X509_new());
    X509_set_pubkey(own.get(), pair.get());
    X509_gmtime_adj(X509_getm_notBefore(own.get()), 0);
    X509_gmtime_adj(X509_getm_notAfter(own.get()), 3600);
    X509_sign(own.get(), pair.get(), EVP_sha256());
    openssl_ptr<BIO> to(BIO_new_file(key.c_str(), "w"));
    PEM_write_bio_PrivateKey(to.get(), pair.get(), nullptr, nullptr, 0, nullptr, nullptr);
    to.reset(BIO_new_file(pem.c_str(), "w"));
    PEM_write_bio_X509(to.get(), own.get());
    to.reset();
    std::filesystem::permissions(key, std::filesystem::perms::owner_read);
    auto loaded = text_signer::load(pem, key);
    REQUIRE_MESSAGE(loaded, (loaded ? "" : loaded.failure().message));
    return *loaded;
  }();
  return made;
}

class delivery_fixture : public api_fixture {
public:
  explicit delivery_fixture(std::uint32_t transformers = 3) : api_fixture(transformers) {
    set_policy(one_of_each);
    options.name = "mds";
    options.topic = access_topic::reading;
    options.reader = *parse_identity("urn:gridtwin:service:settlement:s");
    options.url = "https://Receiver.example/events";
    options.most_events = 1000;
    options.most_bytes = 95'000;
  }

  /// A process that begins.
  webhook_delivery& open() {
    delivery.reset();
    if (!pool) {
      auto opened = store_pool::open(store.path(), nullptr);
      REQUIRE(opened);
      pool = std::move(*opened);
    }
    auto opened =
      webhook_delivery::open(options,
                             {*pool, receiver, *test_signer(), [this] { return policy; },
                              [this] { return 1'781'576'100 + now_us / 1'000'000; }, [this] { return now_us; },
                              [this](const push_act& act) { told.push_back(act); }, 7, counters},
                             kept());
    REQUIRE_MESSAGE(opened, (opened ? "" : opened.failure().message));
    delivery = std::move(*opened);
    return *delivery;
  }
  std::unique_ptr<push_store> kept() {
    auto opened = push_store::open(store.path());
    REQUIRE(opened);
    return std::move(*opened);
  }
  /// Steps until nothing is left to do, in the time that it asks for; at most so many.
  void run(int steps = 10'000) {
    for (int idle = 0; idle < 30 && steps > 0; --steps) {
      const std::size_t before = receiver.bodies.size();
      now_us += delivery->step() + 1;
      idle = receiver.bodies.size() == before ? idle + 1 : 0;
    }
  }
  /// All events, as the reader sees them.
  std::vector<std::string> expected(const std::string& who = "service:settlement:s") {
    return lines(get(who, "/v1/topics/reading/events?limit=5000"));
  }
  std::vector<std::string> taken() const { return receiver.taken; }

  webhook_options options;
  told_receiver receiver;
  webhook_counters counters;
  std::vector<push_act> told;
  std::unique_ptr<store_pool> pool;
  std::unique_ptr<webhook_delivery> delivery;

  using api_fixture::run;
};

/// A run a day.
void fill(api_fixture& f, std::uint32_t transformers, std::int32_t days, std::int32_t first = 100) {
  for (std::int32_t day = first; day < first + days; ++day) {
    std::vector<api_fixture::group> groups;
    for (std::uint8_t slot = 0; slot < 4; ++slot) {
      api_fixture::group g;
      for (std::uint32_t t = 0; t < transformers; ++t)
        g.push_back({t, {api_fixture::reading(0, day, slot, 100 + slot), api_fixture::reading(1, day, slot, 200)}});
      groups.push_back(std::move(g));
    }
    f.run(groups);
  }
}

std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

/// Whether each shard's events ascend, so that a receiver can drop repeats by the last of each.
bool ascends(const std::vector<std::string>& events) {
  std::map<std::int64_t, std::pair<std::int64_t, std::int64_t>> last;
  for (const std::string& e : events) {
    const std::pair<std::int64_t, std::int64_t> here{number_in(e, "offset"), number_in(e, "place")};
    const auto [at, fresh] = last.emplace(number_in(e, "shard"), here);
    if (!fresh && here <= at->second)
      return false;
    at->second = here;
  }
  return true;
}

} // namespace

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
