#include "src/wire/wire_messages.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

namespace gridtwin::testing {

namespace {

template <class Message>
std::string body_of(const Message& m) {
  std::string out;
  encode(m, out);
  return out;
}

} // namespace

TEST_CASE("the messages of the protocol come back") {
  const auto hello = decode_hello(body_of(hello_message{1, 3, "send 1.0"}));
  REQUIRE(hello);
  CHECK(hello->lowest_version == 1);
  CHECK(hello->highest_version == 3);
  CHECK(hello->software == "send 1.0");
  const auto welcome = decode_welcome(body_of(welcome_message{1, 7, 1 << 20, 500}));
  REQUIRE(welcome);
  CHECK(welcome->credit_batches == 7);
  CHECK(welcome->credit_bytes == 1 << 20);
  CHECK(welcome->batch_readings == 500);
  REQUIRE(decode_credit(body_of(credit_message{3})));
  CHECK(decode_credit(body_of(credit_message{3}))->batches == 3);
  for (int r = 0; r <= static_cast<int>(goodbye_reason::revoked); ++r) {
    const auto goodbye = decode_goodbye(body_of(goodbye_message{static_cast<goodbye_reason>(r), "why"}));
    REQUIRE(goodbye);
    CHECK(goodbye->reason == static_cast<goodbye_reason>(r));
    CHECK(goodbye->detail == "why");
  }
}

TEST_CASE("a session without credit is none") {
  CHECK_FALSE(decode_welcome(body_of(welcome_message{1, 0, 1, 1})));
  CHECK_FALSE(decode_welcome(body_of(welcome_message{1, 1, 0, 1})));
  CHECK_FALSE(decode_welcome(body_of(welcome_message{1, 1, 1, 0})));
  CHECK_FALSE(decode_credit(body_of(credit_message{0})));
}

TEST_CASE("T21 a peer's text is printable and short") {
  CHECK(harmless_text("a\r\n\x1B[31m{}\x80z", 64) == "a???[31m{}?z");
  CHECK(decode_goodbye(body_of(goodbye_message{goodbye_reason::done, std::string(10'000, 'x')}))->detail.size() == 256);
  CHECK_FALSE(decode_hello(body_of(hello_message{1, 1, std::string(65, 'x')})));
  CHECK(decode_hello(body_of(hello_message{1, 1, "\x1B]0;x\x07"}))->software == "?]0;x?");
}

TEST_CASE("answers are coded by runs and come back, whatever their offsets") {
  seeded_random random(11);
  for (int turn = 0; turn < 50; ++turn) {
    answer_message m{random.bits(), {}, static_cast<std::uint32_t>(random.below(1000))};
    std::uint64_t readings = 0;
    while (readings < 3000) {
      const auto count = random.between<std::uint32_t>(1, 50);
      append_run(
        m.runs, count,
        {static_cast<wire_outcome>(random.below(wire_outcome_count)),
         {static_cast<std::uint8_t>(random.below(256))},
         static_cast<std::uint32_t>(random.below(64)),
         random.chance(1, 4) ? static_cast<std::int64_t>(random.bits()) : random.between<std::int64_t>(0, 99)});
      readings += count;
    }
    const auto back = decode_answer(body_of(m));
    REQUIRE(back);
    CHECK(back->batch == m.batch);
    CHECK(back->retry_after_ms == m.retry_after_ms);
    CHECK(back->runs == m.runs);
    CHECK(readings_of(*back) == readings);
  }
}

TEST_CASE("what is answered alike is one run") {
  answer_message m;
  for (std::uint32_t i = 0; i < wire_bounds::batch_readings; ++i)
    append_run(m.runs, 1, {wire_outcome::accepted, no_code, 5, 1'000'000});
  CHECK(m.runs
        == std::vector<answer_run>{{wire_bounds::batch_readings, {wire_outcome::accepted, no_code, 5, 1'000'000}}});
  CHECK(body_of(m).size() < 32);
}

TEST_CASE("the answers of a whole batch fit in a frame where no two are alike") {
  answer_message m{~std::uint64_t{0}, {}, 60'000};
  for (std::uint32_t i = 0; i < wire_bounds::batch_readings; ++i)
    append_run(
      m.runs, 1,
      {wire_outcome::accepted, no_code, 0xFFFF'FFFF,
       i % 2 == 0 ? std::numeric_limits<std::int64_t>::max() / 2 : std::numeric_limits<std::int64_t>::min() / 2});
  const std::string body = body_of(m);
  CHECK(body.size() <= wire_bounds::frame_bytes);
  CHECK(decode_answer(body));
}

TEST_CASE("T12 answers that contradict themselves are none") {
  answer_message m{1, {{5, {wire_outcome::accepted, no_code, 1, 1}}}, 0};
  const std::string good = body_of(m);
  REQUIRE(decode_answer(good));
  CHECK_FALSE(decode_answer(good + "\x12\x01\x05")); // a count more
  CHECK_FALSE(decode_answer(good + "\x1A\x01\x01"));
  CHECK_FALSE(decode_answer(good + "\x22\x01\x01"));
  CHECK_FALSE(decode_answer(good + "\x2A\x01\x01"));
  CHECK_FALSE(decode_answer(good + "\x32\x01\x01"));
  CHECK_FALSE(decode_answer(""));
  m.runs[0].count = 0;
  CHECK_FALSE(decode_answer(body_of(m)));
  m.runs[0].count = wire_bounds::batch_readings + 1;
  CHECK_FALSE(decode_answer(body_of(m)));
  m.runs = {{5, {static_cast<wire_outcome>(7), no_code, 0, 0}}};
  CHECK_FALSE(decode_answer(body_of(m)));
}

TEST_CASE("codes have the names of the contract") {
  CHECK(name_of(code_of(verdict::unparseable)) == "unparseable");
  CHECK(name_of(code_of(verdict::twin_failed)) == name_of(verdict::twin_failed));
  CHECK(code_of(verdict::over_maximum).value == 14); // as gridtwin.proto has it
  CHECK(code_of(verdict::past_final_run).value == 24);
  CHECK(code_of(verdict::accepted) == no_code);
  CHECK(name_of(not_permitted) == "not-permitted");
  CHECK(name_of(wire_code{63}) == "code-63");
  CHECK(name_of(no_code).empty());
}

} // namespace gridtwin::testing
