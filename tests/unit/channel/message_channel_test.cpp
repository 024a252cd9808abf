// Requests to submissions and back to answers, with a gate that answers as it is told to.

#include "src/channel/message_channel.hpp"

#include "src/channel/base64.hpp"
#include "src/channel/channel_bounds.hpp"
#include "src/channel/message_submission.hpp"
#include "tests/support/message_fixture.hpp"
#include "twins/hash.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr std::int64_t now_s = 1'781'576'100; // 2026-06-16T02:15:00Z

class told_gate final : public submission_gate {
public:
  bool offer(submission s, answered then) override {
    if (++offered == refused || room == 0)
      return false;
    --room;
    taken.push_back({std::move(s), std::move(then)});
    return true;
  }
  /// Answers the one that waits longest: all alike, but for those that are named.
  void answer(answer_kind kind, const std::vector<std::pair<std::size_t, submission_answer>>& others = {}) {
    auto [s, then] = std::move(taken.front());
    taken.pop_front();
    std::vector<submission_answer> answers(s.readings.size(), {kind, verdict::accepted});
    for (const auto& [at, other] : others)
      answers[at] = other;
    then(std::move(answers));
  }

  std::size_t room = 100;
  std::size_t offered = 0;
  std::size_t refused = 0; ///< the offer of that number, whatever room there is
  std::deque<std::pair<submission, answered>> taken;
};

struct channel_case {
  told_gate gate;
  std::string refusals; ///< `signature 1;`
  mpan foreign;
  peer_identity peer{access_role::head_end, "h1"};
  message_channel channel{
    {&gate, [this](const peer_identity& who, mpan meter) { return who == peer && meter != foreign; },
     [](const std::string& pem, std::string_view, std::string_view) {
       return pem == "good" ? result<peer_identity>(peer_identity{access_role::head_end, "h1"})
                            : result<peer_identity>(error{errc::usage, "not believed"});
     },
     [this](const peer_identity&, channel_refusal what, const std::string&, std::uint64_t count) {
       static constexpr std::array names{"signature", "request", "meters"};
       refusals += std::string(names[static_cast<std::size_t>(what)]) + ' ' + std::to_string(count) + ';';
     }},
    {"https://node.example", environment_tag::development, 300}};

  result<std::shared_ptr<const channel_batch>> take(const std::string& body, const std::string& pem = "good",
                                                    std::uint16_t version = 1) {
    channel_request request;
    request.method = "POST";
    request.target = "/v1/if-021";
    request.signature = {base64_of("s"), "2026-06-16T02:15:00Z", base64_of(bytes_of(sha256(body))), base64_of(pem)};
    request.body = body;
    request.version = version;
    request.peer = peer;
    return channel.take(request, now_s);
  }
  std::shared_ptr<const channel_batch> taken(const std::string& body) {
    auto batch = take(body);
    REQUIRE(batch);
    return *batch;
  }
};

std::string list_of(const std::vector<std::string>& messages) {
  std::string out = "[";
  for (const std::string& one : messages)
    out += (out.size() == 1 ? "" : ",") + one;
  return out + "]";
}

std::string good_message() { return text_of(example_message()); }
std::string broken_message() { return with(good_message(), "\"schemaVersion\":\"011\"", "\"schemaVersion\":\"999\""); }

/// How often a part occurs.
std::size_t count_of(std::string_view part, std::string_view text) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
    ++out;
  return out;
}

} // namespace

TEST_CASE("message channel: a message is a submission of its peer, and is answered when the gate has answered") {
  channel_case c;
  const auto batch = c.taken(list_of({good_message()}));
  REQUIRE(c.gate.taken.size() == 1);
  const submission& s = c.gate.taken.front().first;
  CHECK(s.sender == "urn:gridtwin:device:h1"); // whatever the message says
  REQUIRE(s.readings.size() == 48);
  CHECK(s.refusals.empty());
  for (int slot = 0; slot < periods_per_day; ++slot) {
    const submitted_reading& r = s.readings[static_cast<std::size_t>(slot)];
    CHECK(r.meter.number == 2000056535971);
    CHECK(r.period.number == static_cast<std::int32_t>(instant("2026-06-15") / 1800) + 1 + slot);
    CHECK(r.content.wh == 9901 + slot);
    CHECK(r.version == 1);
  }
  CHECK_FALSE(batch->answer(now_s));
  c.gate.answer(answer_kind::accepted);
  const auto answer = batch->answer(now_s);
  REQUIRE(answer);
  CHECK(answer->status == 201);
  CHECK_FALSE(answer->retry_after_s);
  CHECK(answer->body.find("\"message\":\"MSG0000 - Success\",\"help\":\"accepted 48\"") != std::string::npos);
  CHECK(answer->body.find("\"timestamp\":\"2026-06-16T02:15:00+00:00\"") != std::string::npos);
  CHECK(answer->body.find("2000056535971") == std::string::npos);
  CHECK(c.refusals.empty());
}

TEST_CASE("message channel: DL-01 the same message has the same numbers whenever it comes, another one others") {
  const if021_message m = example_message();
  const std::string text = good_message();
  const submission first = submission_of(m, text, "a", 1);
  CHECK(submission_of(m, text, "a", 2).first_number == first.first_number);
  CHECK(submission_of(m, text, "a", 2).readings.front().version == 2);
  CHECK(submission_of(m, text + " ", "a", 1).first_number != first.first_number);
  CHECK(first.first_number % 16'384 == 1);
  CHECK(first.first_number + 16'384 < (std::uint64_t{1} << 53));
}

TEST_CASE("message channel: SE-02 nothing of a body is looked at whose signature does not hold") {
  channel_case c;
  const auto batch = c.take("{{{ no JSON", "bad");
  REQUIRE_FALSE(batch);
  CHECK(batch.failure().message == "not believed");
  CHECK(c.gate.taken.empty());
  CHECK(c.refusals == "signature 1;"); // and none for the body
}

TEST_CASE("message channel: DL-04 messages are answered each by itself, in their order") {
  channel_case c;
  if021_message foreign = example_message();
  c.foreign = {1900012374324};
  foreign.consumption.mpan = c.foreign;
  const auto batch =
    c.taken(list_of({good_message(), broken_message(), text_of(foreign), good_message(), good_message()}));
  REQUIRE(c.gate.taken.size() == 3);
  c.gate.answer(answer_kind::accepted);
  c.gate.answer(answer_kind::duplicate, {{20, {answer_kind::rejected, verdict::over_maximum}},
                                         {47, {answer_kind::conflict, verdict::conflict}}});
  CHECK_FALSE(batch->answer(now_s));
  c.gate.answer(answer_kind::duplicate);
  const auto answer = batch->answer(now_s);
  REQUIRE(answer);
  CHECK(answer->status == 207);
  std::vector<std::size_t> places;
  for (const std::string_view words :
       {"MSG0000 - Success\",\"help\":\"accepted 48\"",
        "MSG1001 - Schema Failure\",\"help\":\"$[1].payload.CommonBlock.S0.schemaVersion: ", "GTW0002 - ",
        "GTW0001 - Kept, and some half hours do not stand\",\"help\":\"duplicate 46, conflict 1, rejected 1; "
        "2026-06-15T10:30:00Z over-maximum (ECS1012); 2026-06-16T00:00:00Z conflict\"",
        "MSG0000 - Success\",\"help\":\"duplicate 48\""}) {
    CAPTURE(words);
    places.push_back(answer->body.find(words));
    CHECK(places.back() != std::string::npos);
  }
  CHECK(std::is_sorted(places.begin(), places.end()));
  CHECK(count_of("\"recipientID\":null", answer->body) == 5);
  CHECK(c.refusals == "request 1;meters 1;");
}

TEST_CASE(
  "message channel: whoever waits is told with the last verdict, once, or at once where nothing is waited for") {
  channel_case c;
  int told = 0;
  const auto batch = c.taken(list_of({good_message(), broken_message(), good_message()}));
  batch->when_answered([&] { told += 100; });
  batch->when_answered([&] {
    ++told;
    CHECK(batch->answer(now_s)); // what tells holds no lock
  });
  c.gate.answer(answer_kind::accepted);
  CHECK(told == 0);
  c.gate.answer(answer_kind::accepted);
  CHECK(told == 1);
  batch->when_answered([&] { ++told; });
  CHECK(told == 2);
  c.taken("[]")->when_answered([&] { ++told; });
  CHECK(told == 3);
  std::weak_ptr<const channel_batch> gone;
  {
    auto left = c.taken(list_of({good_message()}));
    left->when_answered([&] { ++told; });
    gone = left;
  }
  CHECK_FALSE(gone.expired()); // the gate has it
  c.gate.answer(answer_kind::accepted);
  CHECK(told == 4);
  CHECK(gone.expired());
}

TEST_CASE("message channel: a request that leads to nothing for one reason says which") {
  channel_case c;
  c.foreign = example_message().consumption.mpan;
  CHECK(c.taken(list_of({good_message(), good_message()}))->answer(now_s)->status == 403);
  CHECK(c.taken(list_of({broken_message()}))->answer(now_s)->status == 400);
  CHECK(c.taken(list_of({broken_message(), good_message()}))->answer(now_s)->status == 207);
  CHECK(c.taken("[]")->answer(now_s)->status == 400);
  CHECK(c.taken("")->answer(now_s)->status == 400);
  CHECK(c.taken("[1")->answer(now_s)->status == 400);
  CHECK(c.gate.taken.empty());
}

TEST_CASE("message channel: busy is not stored, and those behind it are not offered") {
  channel_case c;
  c.gate.room = 1;
  const auto some = c.taken(list_of({good_message(), good_message(), good_message()}));
  c.gate.room = 5;
  REQUIRE(c.gate.taken.size() == 1);
  c.gate.answer(answer_kind::accepted);
  const auto answer = some->answer(now_s);
  REQUIRE(answer);
  CHECK(answer->status == 207);
  CHECK(answer->retry_after_s == channel_bounds::retry_after_s);
  CHECK(count_of("GTW0003 - Busy", answer->body) == 2);

  // There is room again for the third: it must not overtake the second.
  c.gate.refused = c.gate.offered + 2;
  const auto between = c.taken(list_of({good_message(), good_message(), good_message()}));
  CHECK(c.gate.offered == c.gate.refused);
  REQUIRE(c.gate.taken.size() == 1);
  c.gate.answer(answer_kind::accepted);
  CHECK(count_of("GTW0003 - Busy", between->answer(now_s)->body) == 2);

  c.gate.room = 0;
  const auto none = c.taken(list_of({good_message()}))->answer(now_s);
  REQUIRE(none);
  CHECK(none->status == 503);
  CHECK(none->retry_after_s == channel_bounds::retry_after_s);

  c.gate.room = 1; // taken, and answered busy when the gate closes
  const auto closed = c.taken(list_of({good_message()}));
  c.gate.answer(answer_kind::busy);
  CHECK(closed->answer(now_s)->status == 503);
}

TEST_CASE("message channel: where the node ends before it knows, the sender is told to send again") {
  channel_case c;
  const auto batch = c.taken(list_of({good_message()}));
  c.gate.taken.front().second({});
  const auto answer = batch->answer(now_s);
  REQUIRE(answer);
  CHECK(answer->status == 500);
  CHECK(answer->retry_after_s);
}

TEST_CASE("message channel: ENV-10 production and all others never mix") {
  channel_case c;
  if021_message m = example_message();
  m.envelope.environment = environment_tag::production;
  const auto batch = c.taken(list_of({text_of(m), good_message()}));
  REQUIRE(c.gate.taken.size() == 1);
  c.gate.answer(answer_kind::accepted);
  const auto answer = batch->answer(now_s);
  REQUIRE(answer);
  CHECK(answer->status == 207);
  CHECK(answer->body.find("production and the others never mix") != std::string::npos);
}

TEST_CASE("message channel: VA-01 what only the message can tell goes along as refused, with its text") {
  channel_case c;
  if021_message m = example_message();
  consumption_day& day = m.consumption.days.front();
  day.entries[3].end_s += 60;                  // off the grid
  day.entries[5].end_s = day.entries[4].end_s; // twice, and not the same
  day.entries[9].content.wh = -1;              // for the twin to say
  const auto batch = c.taken(list_of({text_of(m)}));
  REQUIRE(c.gate.taken.size() == 1);
  const submission& s = c.gate.taken.front().first;
  REQUIRE(s.readings.size() == 48);
  REQUIRE(s.refusals.size() == 3);
  CHECK(s.refusals[0].index == 3);
  CHECK(s.refusals[0].verdict == verdict::off_grid);
  CHECK(s.refusals[0].period_end.empty());
  CHECK(s.refusals[0].raw.starts_with("{\"sp\":\"2026-06-15T02:01:00+00:00\""));
  CHECK(s.refusals[1].index == 4);
  CHECK(s.refusals[2].index == 5);
  CHECK(s.refusals[2].verdict == verdict::duplicate_in_message);
  CHECK(s.refusals[2].period_end == "2026-06-15T02:30:00Z");
}

TEST_CASE("message channel: T10 a body has its bytes and its messages, whatever it holds") {
  channel_case c;
  const std::string long_body = "[" + std::string(channel_bounds::body_bytes, ' ') + "1]";
  CHECK(c.taken(long_body)->answer(now_s)->body.find("must have at most 95000") != std::string::npos);
  std::string many = "[1";
  for (std::size_t i = 0; i < channel_bounds::messages; ++i)
    many += ",1";
  CHECK(c.taken(many + "]")->answer(now_s)->body.find("must have 1 to 190") != std::string::npos);
  const std::string deep(50'000, '[');
  CHECK(c.taken(deep)->answer(now_s)->status == 400);
  CHECK(c.gate.taken.empty());
}
