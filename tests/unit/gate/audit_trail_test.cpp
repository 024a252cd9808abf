#include "src/gate/audit_trail.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace gridtwin;

namespace {

constexpr std::int64_t start_s = 1'772'323'200; // 2026-03-01T00:00:00Z
constexpr const char* head_end = "urn:gridtwin:device:head-end-1";

struct watched_trail {
  std::int64_t now_s = start_s;
  std::vector<audit_event> logged;
  audit_trail trail{[this] { return now_s; }, [this](const audit_event& event) { logged.push_back(event); }};
};

/// Of events of refusals: what they count.
std::uint64_t counted(const std::vector<audit_event>& events) {
  std::uint64_t out = 0;
  for (const audit_event& event : events) {
    const std::size_t at = event.detail.find(" times since ");
    const std::size_t from = event.detail.find_last_of(' ', at - 1);
    out += at == std::string::npos ? 1 : std::stoull(event.detail.substr(from == std::string::npos ? 0 : from + 1, at));
  }
  return out;
}

} // namespace

TEST_CASE_FIXTURE(watched_trail,
                  "audit_trail: a refusal is told at once, and its repeats once an hour with their count") {
  for (int i = 0; i < 3; ++i)
    trail.refused({refused_act::meters, head_end, "another's meter", 10});
  CHECK(trail.take()
        == std::vector<audit_event>{
          {start_s, head_end, "refuse-meters", "", "another's meter; 30 times since 2026-03-01T00:00:00Z"}});
  CHECK(logged.size() == 1);
  for (int i = 0; i < 1000; ++i) {
    ++now_s;
    trail.refused({refused_act::meters, head_end, "another's meter"});
    CHECK(trail.take().empty());
  }
  now_s = start_s + audit_bounds::repeat_s;
  CHECK(trail.take()
        == std::vector<audit_event>{
          {start_s + 1000, head_end, "refuse-meters", "", "another's meter; 1000 times since 2026-03-01T00:00:01Z"}});
  now_s += audit_bounds::repeat_s;
  CHECK(trail.take().empty());
  trail.refused({refused_act::meters, head_end, "another's meter"});
  CHECK(trail.take().size() == 1);
}

TEST_CASE_FIXTURE(watched_trail, "audit_trail: another peer, act or reason is another event") {
  trail.refused({refused_act::connection, "192.0.2.1", "expired"});
  trail.refused({refused_act::connection, "192.0.2.2", "expired"});
  trail.refused({refused_act::connection, "192.0.2.1", "revoked"});
  trail.refused({refused_act::session, "192.0.2.1", "expired"});
  CHECK(trail.take().size() == 4);
}

TEST_CASE_FIXTURE(watched_trail,
                  "audit_trail: T37, a million strangers are few events, all of them counted, and drown nobody") {
  std::vector<audit_event> told;
  std::uint64_t refused = 0;
  for (int minute = 0; minute < 24 * 60; ++minute) {
    now_s = start_s + 60 * minute;
    for (int i = 0; i < 700; ++i, ++refused)
      trail.refused({refused_act::connection, std::to_string(minute) + "." + std::to_string(i), "no certificate"});
    const auto some = trail.take();
    told.insert(told.end(), some.begin(), some.end());
  }
  trail.refused({refused_act::meters, head_end, "another's meter"});
  const auto last = trail.take_all();
  told.insert(told.end(), last.begin(), last.end());
  CHECK(told.size() <= audit_bounds::a_day + 26);
  CHECK(counted(told) == refused + 1);
  CHECK(std::count_if(told.begin(), told.end(), [](const auto& one) { return one.act == "refuse-meters"; }) == 1);
  now_s = start_s + 86'400; // and the next day there is room again
  trail.refused({refused_act::connection, "192.0.2.1", "no certificate"});
  const auto next = trail.take();
  REQUIRE(next.size() == 1);
  CHECK(next[0].who == "192.0.2.1");
}

TEST_CASE_FIXTURE(watched_trail, "audit_trail: T21, what a peer says of itself is printable and short") {
  trail.refused({refused_act::identity, "evil\r\n\x1b[31mname", std::string(10'000, 'x')});
  const auto told = trail.take();
  REQUIRE(told.size() == 1);
  CHECK(told[0].who == "evil???[31mname");
  CHECK(told[0].detail.size() <= audit_bounds::longest_reason + 3);
}

TEST_CASE_FIXTURE(watched_trail, "audit_trail: what was done last is told last, whatever the clock did") {
  trail.uses("use-policy", "policy.toml", "first");
  now_s -= 100;
  trail.uses("use-policy", "policy.toml", "second");
  trail.refused({refused_act::connection, "192.0.2.1", "expired"});
  trail.uses("use-policy", "policy.toml", "second"); // read again
  now_s += 200;
  const auto told = trail.take_all();
  REQUIRE(told.size() == 3);
  std::vector<std::string> texts;
  for (const audit_event& act : told)
    if (act.act == "use-policy")
      texts.push_back(act.text);
  CHECK(texts == std::vector<std::string>{"first", "second"});
  trail.uses("use-policy", "other.toml", "second");
  trail.uses("use-policy", "policy.toml", "second"); // comes back
  trail.uses("use-policy-file", "a.csv", "same");
  trail.uses("use-policy-file", "b.csv", "same");
  trail.uses("use-policy-file", "a.csv", "same");
  CHECK(trail.take_all().size() == 4);
}

TEST_CASE_FIXTURE(watched_trail,
                  "audit_trail: each act of the node or of an operator is told, with refusals in order of time") {
  trail.did("gridtwin", "start-node", "", "");
  now_s += 5;
  trail.refused({refused_act::connection, "192.0.2.1", "expired"});
  now_s += 5;
  trail.did("gridtwin", "reload", "certificates", std::string(longest_audit_text + 1, 'x'));
  const auto told = trail.take();
  REQUIRE(told.size() == 3);
  CHECK(told[0].act == "start-node");
  CHECK(told[1].act == "refuse-connection");
  CHECK(told[2].act == "reload");
  CHECK(told[2].detail.size() == longest_audit_text);
  CHECK(logged.size() == 1);
  CHECK(trail.take_all().empty());
}
