// The rules of central settlement, code by code (domain notes, 1.4), and the matrix of quality and reasons.

#include "tests/support/test_messages.hpp"
#include "twins/rule_table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

using bend = void (*)(message_scenario&);

/// What breaks a rule, and what comes as near to it as may be.
struct fixture {
  std::string_view ecs;
  verdict expected;
  bend breaks;
  bend neighbour;
};

period_range between(std::string_view from, std::string_view to) {
  return periods_starting_in(instant(from), instant(to));
}

const std::array<fixture, 16> fixtures{{
  // The appointment ends at local midnight, 23:00 UTC in summer: the half hour that starts there is the first outside.
  {"ECS1001", verdict::not_appointed,
   [](message_scenario& s) { s.appointed = {between("2026-06-14T23:00:00Z", "2026-06-15T10:00:00Z")}; },
   [](message_scenario& s) { s.appointed = {between("2026-06-15T00:00:00Z", "2026-06-16T00:00:00Z")}; }},
  {"ECS1002", verdict::wrong_event, [](message_scenario& s) { s.message.quantity = quantity::reactive_import; },
   [](message_scenario& s) {
     s.message.quantity = quantity::reactive_import;
     s.message.event = event_code::reactive_power;
   }},
  {"ECS1003", verdict::past_final_run,
   [](message_scenario& s) { s.limits.closed = {between("1998-04-01", "2026-06-15T10:30:00Z")}; },
   [](message_scenario& s) { s.limits.closed = {between("1998-04-01", "2026-06-15")}; }},
  {"ECS1004", verdict::duration, [](message_scenario& s) { s.day().duration_minutes = 60; },
   [](message_scenario& s) { s.day().duration_minutes = 30; }},
  {"ECS1005", verdict::off_grid, [](message_scenario& s) { s.bent().end_s += 1; },
   [](message_scenario& s) { std::swap(s.bent(), s.day().entries.front()); }},
  {"ECS1006", verdict::duplicate_in_message,
   [](message_scenario& s) { s.bent().end_s = s.day().entries[message_scenario::entry + 1].end_s; },
   [](message_scenario& s) { s.message.days.push_back(message_scenario::day_of("2026-06-16")); }},
  {"ECS1007", verdict::overlap,
   [](message_scenario& s) {
     consumption_day longer = message_scenario::day_of("2026-06-15");
     longer.duration_minutes = 45; // its last entry covers a part of the half hour before
     longer.entries = {s.day().entries[message_scenario::entry + 1]};
     s.day().entries.erase(s.day().entries.begin() + message_scenario::entry + 1);
     s.message.days.push_back(longer);
   },
   [](message_scenario& s) {
     consumption_day other = message_scenario::day_of("2026-06-15");
     other.entries = {s.day().entries[message_scenario::entry + 1]};
     s.day().entries.erase(s.day().entries.begin() + message_scenario::entry + 1);
     s.message.days.push_back(other);
   }},
  {"ECS1008", verdict::deenergised_estimate,
   [](message_scenario& s) {
     s.meter.energised = false;
     s.bent().content = estimate_of(0);
   },
   [](message_scenario& s) { s.meter.energised = false; }},
  {"ECS1009", verdict::status, [](message_scenario& s) { s.status = registration_status::terminated; },
   [](message_scenario& s) { s.status = registration_status::operational; }},
  {"ECS1010", verdict::negative, [](message_scenario& s) { s.bent().content.wh = -1; },
   [](message_scenario& s) { s.bent().content.wh = 0; }},
  {"ECS1011", verdict::zero_estimate_not_zero, [](message_scenario& s) { s.bent().content = estimate_of(1, "ZE1"); },
   [](message_scenario& s) { s.bent().content = estimate_of(0, "ZE1"); }},
  {"ECS1012", verdict::over_maximum, [](message_scenario& s) { s.bent().content.wh = 60'001; },
   [](message_scenario& s) { s.bent().content.wh = 60'000; }},
  {"ECS1013", verdict::before_connection, [](message_scenario& s) { s.message.connection_from_s = s.bent().end_s + 1; },
   [](message_scenario& s) { s.message.connection_from_s = s.day().entries.front().end_s; }},
  {"ECS1014", verdict::day_not_midnight, [](message_scenario& s) { s.day().day_s += 3600; },
   [](message_scenario& s) { s.message.days = {message_scenario::day_of("2026-06-16")}; }},
  {"ECS1015", verdict::reason_missing, [](message_scenario& s) { s.bent().content = estimate_of(9, "E3", 0); },
   [](message_scenario& s) { s.bent().content = estimate_of(9, "E3", 1); }},
  {"ECS1016", verdict::amendment_reason_missing,
   [](message_scenario& s) { s.bent().content = estimate_of(9, "E1", 9); },
   [](message_scenario& s) {
     s.bent().content = {9, quality_named("E1"), {9, 'A'}};
   }},
}};

const fixture& fixture_of(std::string_view ecs) {
  return *std::find_if(fixtures.begin(), fixtures.end(), [ecs](const fixture& f) { return f.ecs == ecs; });
}

void check_fixture(std::string_view ecs) {
  const fixture& f = fixture_of(ecs);
  CHECK(ecs_code_of(f.expected) == ecs);
  message_scenario plain;
  for (const verdict v : plain.verdicts())
    CHECK(name_of(v) == "accepted");
  message_scenario broken;
  f.breaks(broken);
  CHECK(name_of(broken.verdicts()[message_scenario::entry]) == name_of(f.expected));
  message_scenario near;
  f.neighbour(near);
  for (const verdict v : near.verdicts())
    CHECK(name_of(v) == "accepted");
}

bool is_refused(verdict v) { return v != verdict::accepted; }

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// The published meanings (domain notes, 1.3), by name, not by how the program tells them.
bool published_actual(std::string_view q) { return is_one_of(q, {"A", "A1", "A2", "A3", "AAE1", "AAE2", "AAE3"}); }
bool published_zero(std::string_view q) { return is_one_of(q, {"ZE", "ZE1", "ZE2", "ZE3"}); }

std::string expected_of(std::string_view q, int e, char arc, std::int64_t wh, bool energised) {
  if (published_zero(q) && wh != 0)
    return "ECS1011";
  if (!published_actual(q) && e == 0)
    return "ECS1015";
  if (e == 9 && arc == 0)
    return "ECS1016";
  return !energised && !published_actual(q) ? "ECS1008" : "";
}

} // namespace

#define GRIDTWIN_ECS_CASE(code)                                                                                        \
  TEST_CASE("rules: VA-01 " code ", broken and as near to it as may be") { check_fixture(code); }

GRIDTWIN_ECS_CASE("ECS1001")
GRIDTWIN_ECS_CASE("ECS1002")
GRIDTWIN_ECS_CASE("ECS1003")
GRIDTWIN_ECS_CASE("ECS1004")
GRIDTWIN_ECS_CASE("ECS1005")
GRIDTWIN_ECS_CASE("ECS1006")
GRIDTWIN_ECS_CASE("ECS1007")
GRIDTWIN_ECS_CASE("ECS1008")
GRIDTWIN_ECS_CASE("ECS1009")
GRIDTWIN_ECS_CASE("ECS1010")
GRIDTWIN_ECS_CASE("ECS1011")
GRIDTWIN_ECS_CASE("ECS1012")
GRIDTWIN_ECS_CASE("ECS1013")
GRIDTWIN_ECS_CASE("ECS1014")
GRIDTWIN_ECS_CASE("ECS1015")
GRIDTWIN_ECS_CASE("ECS1016")

TEST_CASE("rules: VA-01 every code of central settlement has a fixture and a row of the table") {
  std::set<std::string_view> of_fixtures;
  for (const fixture& f : fixtures)
    of_fixtures.insert(f.ecs);
  std::set<std::string_view> of_table;
  for (const rule_row& row : rule_table())
    if (!row.ecs.empty())
      of_table.insert(row.ecs);
  CHECK(of_fixtures.size() == 16);
  CHECK(of_fixtures == of_table);
}

TEST_CASE("rules: VA-13 what a rule refuses leaves the twin as it was, for every code") {
  for (const fixture& f : fixtures) {
    CAPTURE(f.ecs);
    message_scenario whole;
    f.breaks(whole);
    const auto verdicts = whole.verdicts();
    message_scenario without; // the same message, and what is refused was never in it
    f.breaks(without);
    std::size_t number = 0;
    std::size_t refused = 0;
    for (consumption_day& day : without.message.days)
      refused += std::erase_if(day.entries, [&](const consumption_entry&) { return is_refused(verdicts[number++]); });
    REQUIRE(refused != 0);
    const auto before = state_of(whole.twin);
    REQUIRE(before.size() == 1);
    whole.deliver();
    without.deliver();
    CHECK(state_of(whole.twin) == state_of(without.twin));
    CHECK(state_of(whole.twin).size() == before.size() + verdicts.size() - refused);
  }
}

TEST_CASE("rules: VA-13 a twin that is asked by itself refuses without a trace") {
  std::size_t refusals = 0;
  for (const fixture& f : fixtures) {
    CAPTURE(f.ecs);
    message_scenario s;
    f.breaks(s);
    const auto before = state_of(s.twin);
    const reading r{
      s.message.quantity, {static_cast<std::int32_t>(s.bent().end_s / seconds_per_period)}, 1, s.bent().content};
    if (!broken_rule(r, s.meter, s.limits))
      continue; // a rule on messages: the twin never sees it
    CHECK(s.twin.assess(r, s.meter, s.limits).verdict == f.expected);
    CHECK(state_of(s.twin) == before);
    ++refusals;
  }
  CHECK(refusals == 7); // 1003, 1008, 1010, 1011, 1012, 1015, 1016
}

TEST_CASE("rules: VA-04 every line of the matrix of quality, estimation reason and amendment reason") {
  constexpr std::array<char, 8> amendments{'\0', 'A', 'E', 'M', 'R', 'S', 'T', 'X'};
  connection meter = message_scenario().meter;
  std::size_t lines = 0;
  for (std::size_t code = 0; code < quality_count; ++code) {
    const quality q{static_cast<std::uint8_t>(code)};
    for (std::uint8_t e = 0; e <= last_estimation_reason; ++e)
      for (const char arc : amendments)
        for (const std::int64_t wh : {0, 1})
          for (const bool energised : {true, false}) {
            meter.energised = energised;
            const reading r{quantity::active_import, {1'000'000}, 1, {wh, q, {e, arc}}};
            const auto found = broken_rule(r, meter, {});
            const std::string line = "q=" + std::string(name_of(q)) + " e=" + std::to_string(e)
                                     + " arc=" + (arc == 0 ? "null" : std::string(1, arc)) + " v=" + std::to_string(wh)
                                     + (energised ? " energised" : " de-energised");
            CAPTURE(line);
            CHECK((found ? ecs_code_of(*found) : "") == expected_of(name_of(q), e, arc, wh, energised));
            ++lines;
          }
  }
  CHECK(lines == 38 * 11 * 8 * 2 * 2);
}
