#include "src/wire/server_conversation.hpp"

#include "src/wire/session_registry.hpp"
#include "tests/support/memory_gate.hpp"
#include "tests/unit/wire/wire_support.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin::testing {

namespace {

using then = server_conversation::then;

struct sent_frame {
  frame_kind kind;
  std::string body;
};

/// A session with a gate in memory; its time stands still unless a test moves it.
struct session {
  explicit session(session_credit credit = {}, rate_limit rate = {4'000'000, 16'000'000},
                   std::string identity = "head-end-1")
    : registry(rate), conversation(identity, {gate, may, counters,
                                              [this, identity](std::uint64_t readings, std::int64_t now) {
                                                return registry.take_rate(identity, readings, now);
                                              },
                                              credit,
                                              [this](server_conversation::ticket t, std::vector<submission_answer> a) {
                                                answers.emplace_back(t, std::move(a));
                                              },
                                              [this] { return superseded; },
                                              [this](std::uint64_t readings) { told_foreign.push_back(readings); },
                                              [this](std::string_view why) { told_broken.emplace_back(why); }}) {}

  /// What the node sends for a frame.
  std::vector<sent_frame> say(frame_kind kind, const std::string& body) {
    std::string out;
    last = conversation.on_frame({kind, body}, now_us, out);
    return frames_of(out);
  }
  std::vector<sent_frame> hello() {
    std::string body;
    encode(hello_message{}, body);
    return say(frame_kind::hello, body);
  }
  std::vector<sent_frame> submit(const std::vector<submitted_reading>& readings, std::uint64_t first,
                                 std::uint64_t name) {
    return say(frame_kind::submit, body_of(readings, first, name));
  }
  /// What the gate has answered so far.
  std::vector<sent_frame> take_answers() {
    std::string out;
    for (auto& [ticket, given] : std::exchange(answers, {}))
      last = conversation.on_answers(ticket, given, out);
    return frames_of(out);
  }

  static std::vector<sent_frame> frames_of(std::string_view stream) {
    frame_reader reader(wire_bounds::frame_bytes);
    std::vector<sent_frame> out;
    for (frame f; reader.read(stream, f) == frame_reader::status::whole;)
      out.push_back({f.kind, std::string(f.body)});
    return out;
  }

  memory_gate gate;
  wire_counters counters;
  std::optional<std::uint64_t> foreign; ///< a meter that the identity may not speak for
  may_speak_function may = [this](std::string_view, mpan m) { return !foreign || m != meter_number(*foreign); };
  session_registry registry;
  bool superseded = false;
  std::vector<std::uint64_t> told_foreign;
  std::vector<std::string> told_broken;
  std::int64_t now_us = 1'000'000;
  std::vector<std::pair<server_conversation::ticket, std::vector<submission_answer>>> answers;
  then last = then::go_on;
  server_conversation conversation;
};

answer_message answer_in(const sent_frame& f) {
  REQUIRE(f.kind == frame_kind::answer);
  const auto m = decode_answer(f.body);
  REQUIRE(m);
  return *m;
}

goodbye_reason goodbye_in(const std::vector<sent_frame>& frames) {
  REQUIRE(!frames.empty());
  REQUIRE(frames.back().kind == frame_kind::goodbye);
  return decode_goodbye(frames.back().body)->reason;
}

constexpr wire_answer busy{wire_outcome::busy, no_code, 0, 0};

} // namespace

TEST_CASE("a session begins with hello and welcome, of a version that both speak") {
  session s;
  const auto welcome = s.hello();
  CHECK(s.last == then::welcomed);
  REQUIRE(welcome.size() == 1);
  CHECK(decode_welcome(welcome[0].body)->batch_readings == wire_bounds::batch_readings);
  CHECK(goodbye_in(s.hello()) == goodbye_reason::malformed); // but once
  for (const auto& [lowest, highest] : std::vector<std::pair<std::uint32_t, std::uint32_t>>{{2, 9}, {0, 0}}) {
    session other;
    std::string body;
    encode(hello_message{lowest, highest, {}}, body);
    CHECK(goodbye_in(other.say(frame_kind::hello, body)) == goodbye_reason::version);
    CHECK(other.last == then::close);
  }
}

TEST_CASE("T10 nothing but hello comes before the welcome, and no frame of the node's own kinds ever") {
  session early;
  CHECK(goodbye_in(early.submit(day_of(1, 1000, 1), 1, 1)) == goodbye_reason::malformed);
  for (const frame_kind kind : {frame_kind::welcome, frame_kind::answer, frame_kind::credit}) {
    session s;
    s.hello();
    CHECK(goodbye_in(s.say(kind, "")) == goodbye_reason::malformed);
    CHECK(s.submit(day_of(1, 1000, 1), 1, 1).empty()); // nothing after it
    CHECK(s.gate.offers() == 0);
  }
}

TEST_CASE("readings reach the gate with their numbers and the proved identity, and are answered by place") {
  session s;
  s.hello();
  auto readings = day_of(1, 1000, 1);
  readings[7].content.wh = -1;
  CHECK(s.submit(readings, 500, 77).empty());
  const auto taken = s.gate.submissions();
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].sender == "head-end-1");
  CHECK(taken[0].first_number == 500);
  CHECK(same(taken[0].readings, readings));
  s.gate.answer_next();
  const auto frames = s.take_answers();
  REQUIRE(frames.size() == 1);
  const answer_message m = answer_in(frames[0]);
  CHECK(m.batch == 77);
  const wire_answer accepted{wire_outcome::accepted, no_code, 3, 1};
  CHECK(m.runs
        == std::vector<answer_run>{
          {7, accepted}, {1, {wire_outcome::rejected, code_of(verdict::negative), 0, 0}}, {40, accepted}});
  CHECK(s.counters.answered[static_cast<std::size_t>(wire_outcome::accepted)] == 47);
}

TEST_CASE("T3 what is sent again is a duplicate, at the place where it stands since the first time") {
  session s;
  s.hello();
  s.gate.at_once(true);
  s.submit(day_of(1, 1000, 1), 1, 1);
  const auto first = answer_in(s.take_answers().at(0));
  s.submit(day_of(1, 1000, 1), 1, 2);
  const auto second = answer_in(s.take_answers().at(0));
  REQUIRE(second.runs.size() == 1);
  CHECK(second.runs[0].answer.outcome == wire_outcome::duplicate);
  CHECK(second.runs[0].answer.offset == first.runs[0].answer.offset);
}

TEST_CASE("T1 a reading for a meter that its sender may not speak for never reaches the gate") {
  session s;
  s.foreign = 5;
  s.hello();
  std::vector<submitted_reading> readings;
  for (std::uint64_t meter = 4; meter < 8; ++meter)
    readings.push_back(reading_of(meter, 1000, 10));
  s.submit(readings, 100, 1);
  const auto taken = s.gate.submissions();
  REQUIRE(taken.size() == 2); // a submission's numbers follow one another
  CHECK(taken[0].first_number == 100);
  CHECK(taken[0].readings.size() == 1);
  CHECK(taken[1].first_number == 102);
  CHECK(taken[1].readings.size() == 2);
  s.gate.answer_last(); // whichever part is ready first
  CHECK(s.take_answers().empty());
  s.gate.answer_last();
  const auto m = answer_in(s.take_answers().at(0));
  CHECK(m.runs
        == std::vector<answer_run>{{1, {wire_outcome::accepted, no_code, 3, 2}},
                                   {1, {wire_outcome::rejected, not_permitted, 0, 0}},
                                   {2, {wire_outcome::accepted, no_code, 3, 1}}});
  CHECK(s.counters.not_permitted == 1);
  // All of them foreign: answered at once.
  const auto frames = s.submit({reading_of(5, 1000, 10), reading_of(5, 1001, 10)}, 104, 2);
  CHECK(answer_in(frames.at(0)).runs == std::vector<answer_run>{{2, {wire_outcome::rejected, not_permitted, 0, 0}}});
  CHECK(s.gate.offers() == 2);
  CHECK(s.told_foreign == std::vector<std::uint64_t>{1, 2}); // once a batch
}

TEST_CASE("T12 whoever breaks the protocol is told of, once; who ends in good order is not") {
  session good;
  good.hello();
  std::string body;
  encode(goodbye_message{goodbye_reason::done, ""}, body);
  good.say(frame_kind::goodbye, body);
  CHECK(good.told_broken.empty());
  session stopped;
  stopped.hello();
  std::string out;
  CHECK(stopped.conversation.stop(out) == then::close);
  CHECK(stopped.told_broken.empty());
  session early;
  early.submit(day_of(1, 1000, 1), 1, 1);
  CHECK(early.told_broken == std::vector<std::string>{"hello comes first"});
  early.submit(day_of(1, 1000, 1), 1, 1);
  CHECK(early.told_broken.size() == 1);
  session broken;
  broken.hello();
  broken.conversation.on_broken(frame_reader::status::too_large, out);
  CHECK(broken.told_broken == std::vector<std::string>{"a frame is longer than its limit"});
}

TEST_CASE("answers go in the order of their batches") {
  session s;
  s.hello();
  for (std::uint64_t name : {30, 10, 20})
    CHECK(s.submit(day_of(name, 1000, 1), name, name).empty());
  s.gate.answer_last();
  s.gate.answer_last();
  CHECK(s.take_answers().empty());
  CHECK(s.conversation.unanswered() == 3);
  s.gate.answer_last();
  std::vector<std::uint64_t> names;
  for (const sent_frame& f : s.take_answers())
    names.push_back(answer_in(f).batch);
  CHECK(names == std::vector<std::uint64_t>{30, 10, 20});
  CHECK(s.conversation.unanswered() == 0);
}

TEST_CASE("V15 a full gate is told at once, before what is unanswered, with less credit until it goes on") {
  session s({8, 1 << 20, 250});
  s.hello();
  s.submit(day_of(1, 1000, 1), 1, 1);
  s.gate.busy(true);
  const auto frames = s.submit(day_of(2, 1000, 1), 49, 2);
  REQUIRE(frames.size() == 2);
  const auto m = answer_in(frames[0]);
  CHECK(m.batch == 2);
  CHECK(m.runs == std::vector<answer_run>{{48, busy}});
  CHECK(m.retry_after_ms == 250);
  CHECK(decode_credit(frames[1].body)->batches == 4);
  s.gate.busy(false);
  s.gate.at_once(true);
  s.gate.answer_next();
  s.take_answers();
  std::vector<std::uint32_t> credits;
  for (std::uint64_t name = 3; name < 40; ++name) {
    s.submit(day_of(name, 1000, 1), 48 * name, name);
    for (const sent_frame& f : s.take_answers())
      if (f.kind == frame_kind::credit)
        credits.push_back(decode_credit(f.body)->batches);
  }
  CHECK(credits == std::vector<std::uint32_t>{5, 6, 7, 8});
}

TEST_CASE("what the gate does not take of a batch in parts is busy, the rest is answered") {
  session s;
  s.foreign = 5;
  s.hello();
  s.gate.busy(true);
  const auto m = answer_in(s.submit({reading_of(4, 1, 1), reading_of(5, 1, 1), reading_of(6, 1, 1)}, 1, 1).at(0));
  CHECK(m.runs == std::vector<answer_run>{{1, busy}, {1, {wire_outcome::rejected, not_permitted, 0, 0}}, {1, busy}});
  CHECK(m.retry_after_ms > 0);
  CHECK(s.gate.offers() == 1); // what stands behind a busy part must not overtake it
}

TEST_CASE("T17 more than an identity's rate is busy, with the time to wait, and reaches no gate") {
  session s({}, {48, 96});
  s.hello();
  s.submit(day_of(1, 1000, 1), 1, 1);
  s.submit(day_of(2, 1000, 1), 49, 2);
  const auto m = answer_in(s.submit(day_of(3, 1000, 1), 97, 3).at(0));
  CHECK(m.runs == std::vector<answer_run>{{48, busy}});
  CHECK(m.retry_after_ms == 1001);
  CHECK(s.gate.offers() == 2);
  s.now_us += 1'000'000;
  CHECK(s.submit(day_of(3, 1000, 1), 97, 3).empty());
  CHECK(s.gate.offers() == 3);
  CHECK(s.counters.busy_rate == 1);
}

TEST_CASE("T17 who sends beyond its credit is sent away") {
  session batches({2, 1 << 20, 1});
  batches.hello();
  batches.submit(day_of(1, 1000, 1), 1, 1);
  batches.submit(day_of(2, 1000, 1), 49, 2);
  CHECK(goodbye_in(batches.submit(day_of(3, 1000, 1), 97, 3)) == goodbye_reason::over_credit);
  CHECK(batches.gate.offers() == 2);
  session bytes({20, 300, 1});
  bytes.hello();
  bytes.submit(day_of(1, 1000, 200), 1, 1);
  CHECK(bytes.submit(day_of(2, 1000, 200), 49, 2).empty());
  CHECK(goodbye_in(bytes.submit(day_of(3, 1000, 200), 97, 3)) == goodbye_reason::over_credit);
  CHECK(bytes.counters.over_credit == 1);
}

TEST_CASE("two unanswered batches of one name, or one that contradicts itself, end the session") {
  session s;
  s.hello();
  s.submit(day_of(1, 1000, 1), 1, 1);
  CHECK(goodbye_in(s.submit(day_of(2, 1000, 1), 49, 1)) == goodbye_reason::malformed);
  session other;
  other.hello();
  CHECK(goodbye_in(other.say(frame_kind::submit, "\xFF")) == goodbye_reason::malformed);
  CHECK(other.counters.malformed == 1);
}

TEST_CASE("T2 nothing of a session reaches the gate after another of its identity has begun") {
  session s;
  s.hello();
  s.submit(day_of(1, 1000, 1), 1, 1);
  s.superseded = true;
  CHECK(goodbye_in(s.submit(day_of(2, 1000, 1), 49, 2)) == goodbye_reason::superseded);
  CHECK(s.gate.offers() == 1);
}

TEST_CASE("T2 the newest session of an identity wins, and the older one is told") {
  session_registry registry({});
  std::vector<std::pair<int, goodbye_reason>> ended;
  bool superseded = false;
  const auto first = registry.enter(
    "a", [&](goodbye_reason r) { ended.emplace_back(1, r); }, superseded);
  CHECK_FALSE(superseded);
  const auto other = registry.enter(
    "b", [&](goodbye_reason r) { ended.emplace_back(2, r); }, superseded);
  CHECK_FALSE(superseded);
  const auto second = registry.enter(
    "a", [&](goodbye_reason r) { ended.emplace_back(3, r); }, superseded);
  CHECK(superseded);
  CHECK(ended == std::vector<std::pair<int, goodbye_reason>>{{1, goodbye_reason::superseded}});
  CHECK_FALSE(registry.is_current("a", first));
  CHECK(registry.is_current("a", second));
  CHECK(registry.is_current("b", other));
  registry.leave("a", first); // comes late, and ends nothing
  CHECK(registry.is_current("a", second));
  CHECK(registry.end([](std::string_view identity) { return identity == "a"; }, goodbye_reason::revoked) == 1);
  CHECK(ended.back() == std::pair(3, goodbye_reason::revoked));
}

TEST_CASE("a node that stops answers what is unanswered, takes nothing more and says goodbye") {
  session s;
  s.hello();
  s.submit(day_of(1, 1000, 1), 1, 1);
  std::string out;
  CHECK(s.conversation.stop(out) == then::go_on);
  CHECK(out.empty());
  CHECK(answer_in(s.submit(day_of(2, 1000, 1), 49, 2).at(0)).runs == std::vector<answer_run>{{48, busy}});
  CHECK(s.gate.offers() == 1);
  s.gate.answer_next();
  const auto frames = s.take_answers();
  CHECK(answer_in(frames.at(0)).runs[0].answer.outcome == wire_outcome::accepted);
  CHECK(goodbye_in(frames) == goodbye_reason::stopping);
  CHECK(s.last == then::close);
}

TEST_CASE("what the gate does not know is unknown to the sender, and the session ends") {
  session s;
  s.hello();
  s.submit(day_of(1, 1000, 1), 1, 1);
  s.gate.answer_last(false);
  const auto frames = s.take_answers();
  CHECK(answer_in(frames.at(0)).runs == std::vector<answer_run>{{48, {wire_outcome::unknown, no_code, 0, 0}}});
  CHECK(goodbye_in(frames) == goodbye_reason::stopping);
}

} // namespace gridtwin::testing
