#include "src/messages/message_builder.hpp"

#include "src/messages/message_checks.hpp"
#include "src/messages/message_fields.hpp"
#include "tests/support/message_fixture.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

TEST_CASE("message builder: ENV-08 much data is split by days and by bytes, a day never cut") {
  const auto half_hours = ramp("2026-01-01", 450);
  const std::vector<if021_message> by_days = built(half_hours, {message_days_limit, 1'000'000});
  REQUIRE(by_days.size() == 3);
  CHECK(by_days[0].consumption.days.size() == 200);
  CHECK(by_days[1].consumption.days.size() == 200);
  CHECK(by_days[2].consumption.days.size() == 50);
  CHECK(size_of(by_days[0]) / 1000 == 743); // about 741 kB, say the notes
  for (const std::size_t bytes : {std::size_t{95'000}, std::size_t{20'000}, std::size_t{4600}, std::size_t{1}}) {
    std::vector<consumption_entry> told;
    const std::vector<if021_message> messages = built(half_hours, {message_days_limit, bytes});
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const if021_message& m = messages[i];
      const bool alone = m.consumption.days.size() == 1;
      CHECK((alone || size_of(m) + 2 <= bytes));
      CHECK(m.consumption.days.size() <= message_days_limit);
      if (i + 1 < messages.size()) { // one day more would not have fitted
        if021_message longer = m;
        longer.consumption.days.push_back(messages[i + 1].consumption.days.front());
        CHECK(size_of(longer) + 2 > bytes);
      }
      CHECK(faults_of(text_of(m)).empty());
      for (const consumption_day& day : m.consumption.days) {
        CHECK(day.entries.size() == 48);
        told.insert(told.end(), day.entries.begin(), day.entries.end());
      }
    }
    REQUIRE(told.size() == half_hours.size());
    for (std::size_t i = 0; i < told.size(); ++i)
      CHECK(told[i].end_s == half_hours[i].period.end_s());
  }
}

TEST_CASE("message builder: parts of days, and midnight belongs to the day before") {
  const auto whole = ramp("2026-06-15", 2);
  const std::vector<standing_half_hour> part{whole[46], whole[47], whole[48], whole[90]};
  const std::vector<if021_message> messages = built(part);
  REQUIRE(messages.size() == 1);
  const auto& days = messages[0].consumption.days;
  REQUIRE(days.size() == 2);
  CHECK(days[0].day_s == instant("2026-06-15"));
  CHECK(days[0].entries.size() == 2);
  CHECK(days[0].entries[1].end_s == instant("2026-06-16"));
  CHECK(days[1].entries[0].end_s == instant("2026-06-16T00:30:00Z"));
  CHECK(messages[0].envelope.sender_s == whole[90].period.end_s());
  CHECK(built({}).empty());
}

TEST_CASE("message builder: ENV-02 references are of the pattern, and all differ") {
  const int count = std::getenv("GRIDTWIN_SOAK") != nullptr ? 1'000'000 : 100'000;
  std::unordered_set<std::string> seen;
  std::vector<standing_half_hour> one = ramp("2026-06-15", 1);
  one.resize(1);
  const market_settings market = example_market();
  const message_subject subject = example_subject();
  for (int i = 0; i < count; ++i) {
    one[0].content.wh = i % 100;
    one[0].version = static_cast<std::uint32_t>(1 + i / 100 % 10);
    one[0].period = period_at({20'000 + i / 1000}, i / 1000 % 48);
    const auto messages = build_messages(market, subject, one, {1, request_bytes_limit}).value();
    const std::string& reference = messages[0].envelope.sender_reference;
    if (!is_sender_reference(reference) || !seen.insert(reference).second) {
      CAPTURE(reference);
      FAIL("of another form, or there already");
    }
  }
  CHECK(seen.size() == static_cast<std::size_t>(count));
}

TEST_CASE("message builder: ENV-02 the same half hours have the same reference, and nothing else has") {
  const auto reference = [](const market_settings& market, const message_subject& subject,
                            const std::vector<standing_half_hour>& half_hours) {
    return build_messages(market, subject, half_hours, {}).value()[0].envelope.sender_reference;
  };
  const auto day = ramp("2026-06-15", 1);
  const std::string before = reference(example_market(), example_subject(), day);
  CHECK(reference(example_market(), example_subject(), day) == before);
  CHECK(before.starts_with("S-IF-021-1401234567-SDS-20260616-"));
  std::set<std::string> others{before};
  const auto differs = [&](const message_subject& subject, const std::vector<standing_half_hour>& half_hours) {
    return others.insert(reference(example_market(), subject, half_hours)).second;
  };
  for (int what = 0; what < 5; ++what) {
    message_subject subject = example_subject();
    auto changed = day;
    if (what == 0)
      subject.quantity = quantity::active_export;
    else if (what == 1)
      subject.connection_from_s += 86'400;
    else if (what == 2)
      changed[7].content.wh += 1;
    else if (what == 3)
      changed[7].content = estimate_of(changed[7].content.wh);
    else
      changed.pop_back();
    CAPTURE(what);
    CHECK(differs(subject, changed));
  }
  auto corrected = day; // and corrected again, back to what stood first: the receiver must not take it for the first
  corrected[7].version = 3;
  CHECK(differs(example_subject(), corrected));
}

TEST_CASE("message builder: ENV-09 nothing from before the connection is told") {
  message_subject subject = example_subject();
  const auto day = ramp("2026-06-15", 1);
  subject.connection_from_s = instant("2026-06-15T00:30:00Z"); // the end may be the date, to the letter
  const auto good = build_messages(example_market(), subject, day, {});
  REQUIRE(good);
  CHECK(faults_by_rule(good.value()[0], "$", 100).empty());
  subject.connection_from_s += 1;
  const auto refused = build_messages(example_market(), subject, day, {});
  REQUIRE(!refused);
  CHECK(refused.failure().message.find("ECS1013") != std::string::npos);
}

TEST_CASE("message builder: ID-02 no message is made of an MPAN with a wrong check digit") {
  message_subject subject = example_subject();
  subject.mpan.number += 1;
  CHECK(!build_messages(example_market(), subject, ramp("2026-06-15", 1), {}));
}

TEST_CASE("message builder: values that do not fit, and distributors that nobody named") {
  auto day = ramp("2026-06-15", 1);
  for (const std::int64_t wh : {std::int64_t{-1}, largest_message_wh + 1}) {
    day[3].content.wh = wh;
    CHECK(!build_messages(example_market(), example_subject(), day, {}));
  }
  market_settings market = example_market();
  market.distributors.erase("20");
  const auto refused = build_messages(market, example_subject(), ramp("2026-06-15", 1), {});
  REQUIRE(!refused);
  CHECK(refused.failure().code == errc::bad_profile);
  CHECK(refused.failure().message.find("begin with 20") != std::string::npos);
}

TEST_CASE("message builder: recipients are the meter's supplier and those of every message, each once") {
  market_settings market = example_market();
  market.suppliers = {{"SUPP", "2300000009"}, {"ELSE", "2300000008"}};
  const auto recipients = [&] {
    return build_messages(market, example_subject(), ramp("2026-06-15", 1), {}).value()[0].envelope.primary_recipients;
  };
  CHECK(recipients() == std::vector<std::string>{"2300000009", "2300000001"});
  market.suppliers["SUPP"] = "2300000001";
  CHECK(recipients() == std::vector<std::string>{"2300000001"});
}
