#include "twins/message_rules.hpp"

#include "tests/support/test_messages.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

std::size_t count(const std::vector<verdict>& verdicts, verdict v) {
  return static_cast<std::size_t>(std::count(verdicts.begin(), verdicts.end(), v));
}

bool all(const std::vector<verdict>& verdicts, verdict v) { return count(verdicts, v) == verdicts.size(); }

/// A message of which the rules of every group object to one entry.
struct worst_message : message_scenario {
  worst_message() {
    message.event = event_code::reactive_power;
    status = registration_status::created;
    message.connection_from_s = instant("2030-01-01");
    appointed = std::vector<period_range>{};
    meter.energised = false;
    meter.effective = {0, 1};
    limits.as_of_s = instant("2026-06-01");
    limits.closed = {period_range{}};
    bent().content = {-1, quality_named("ZE1"), {0, 0}};
  }
  verdict check() const { return verdicts()[entry]; }
};

} // namespace

TEST_CASE("message_rules: TM-01 an end that is off the half hour is ECS1005") {
  for (const char* end : {"2026-06-15T00:15:00Z", "2026-06-15T23:59:59Z", "2026-06-15T00:30:01Z"}) {
    message_scenario s;
    s.bent().end_s = instant(end);
    CHECK(s.verdicts()[message_scenario::entry] == verdict::off_grid);
  }
}

TEST_CASE("message_rules: TM-01 an end of another day is ECS1005, whatever its place") {
  message_scenario s;
  for (const char* end : {"2026-06-15T00:00:00Z", "2026-06-16T00:30:00Z", "2025-06-15T10:30:00Z"}) {
    s.bent().end_s = instant(end);
    CHECK(s.verdicts()[message_scenario::entry] == verdict::off_grid);
  }
  s.message.days = {message_scenario::day_of("2026-06-15")};
  CHECK(all(s.verdicts(), verdict::accepted)); // its last ends at 2026-06-16T00:00Z
}

TEST_CASE("message_rules: TM-02 a UTC day has 48 half hours, on the days that the clock changes, too") {
  for (const char* date : {"2026-03-29", "2026-10-25"}) {
    CAPTURE(date);
    message_scenario s;
    s.message.days = {message_scenario::day_of(date)};
    CHECK(all(s.verdicts(), verdict::accepted));
    CHECK(missing_of(s.day()).empty());
    // 50, as the local day of October has: the two behind the day's end are refused.
    for (int more = 1; more <= 2; ++more)
      s.day().entries.push_back({s.day().day_s + (48 + more) * seconds_per_period, actual_of(1)});
    const auto verdicts = s.verdicts();
    CHECK(count(verdicts, verdict::accepted) == 48);
    CHECK(verdicts[48] == verdict::off_grid);
    CHECK(verdicts[49] == verdict::off_grid);
    // 46, as the local day of March has: no whole day.
    s.day().entries.resize(46);
    CHECK(all(s.verdicts(), verdict::accepted));
    CHECK(missing_of(s.day()).size() == 2);
  }
}

TEST_CASE("message_rules: VA-11 half hours that a day lacks are named") {
  message_scenario s;
  s.day().entries.erase(s.day().entries.begin() + 47);
  s.day().entries.erase(s.day().entries.begin() + 3);
  const auto missing = missing_of(s.day());
  REQUIRE(missing.size() == 2);
  CHECK(format_period(missing[0]) == "2026-06-15T02:00:00Z");
  CHECK(format_period(missing[1]) == "2026-06-16T00:00:00Z");
  s.day().day_s += 1800;
  CHECK(missing_of(s.day()).empty());
}

TEST_CASE("message_rules: TM-05 a whole start-labelled day is kept apart, never shifted") {
  message_scenario s;
  for (consumption_entry& e : s.day().entries)
    e.end_s -= seconds_per_period; // 00:00 to 23:30
  CHECK(all(s.verdicts(), verdict::label_suspect));
  CHECK(is_quarantined(verdict::label_suspect));
  std::reverse(s.day().entries.begin(), s.day().entries.end());
  CHECK(all(s.verdicts(), verdict::label_suspect));
  // A day with one entry fewer could be a partial end-labelled one, but for its first entry, which is of no such day.
  s.day().entries.erase(s.day().entries.begin());
  const auto partial = s.verdicts();
  CHECK(count(partial, verdict::accepted) == 46);
  CHECK(partial.back() == verdict::off_grid);
  // Another day of the same message is not suspected for it.
  message_scenario two;
  two.message.days.push_back(message_scenario::day_of("2026-06-17"));
  for (consumption_entry& e : two.message.days.back().entries)
    e.end_s -= seconds_per_period;
  const auto both = two.verdicts();
  CHECK(std::count(both.begin(), both.begin() + 48, verdict::accepted) == 48);
  CHECK(std::count(both.begin() + 48, both.end(), verdict::label_suspect) == 48);
}

TEST_CASE("message_rules: TM-06 a settlement day begins at 00:00 UTC") {
  for (const std::int64_t off : {1, -1, 1800, 3600, 43'200}) {
    message_scenario s;
    s.day().day_s += off;
    CHECK(all(s.verdicts(), verdict::day_not_midnight));
  }
}

TEST_CASE("message_rules: TM-08 the same half hour twice in a message is refused, in two messages it is a duplicate") {
  message_scenario s;
  s.day().entries.push_back(s.bent()); // says the same: the first stands
  auto verdicts = s.verdicts();
  CHECK(verdicts[message_scenario::entry] == verdict::accepted);
  CHECK(verdicts.back() == verdict::duplicate_in_message);
  CHECK(count(verdicts, verdict::accepted) == 48);
  s.day().entries.back().content.wh += 1; // contradicts it: none stands, whichever comes first
  verdicts = s.verdicts();
  CHECK(verdicts[message_scenario::entry] == verdict::duplicate_in_message);
  CHECK(verdicts.back() == verdict::duplicate_in_message);
  std::swap(s.bent(), s.day().entries.back());
  CHECK(s.verdicts() == verdicts);

  message_scenario first;
  first.deliver();
  const auto held = state_of(first.twin);
  first.deliver();
  CHECK(state_of(first.twin) == held);
  const reading again{
    quantity::active_import, {static_cast<std::int32_t>(first.bent().end_s / 1800)}, 1, first.bent().content};
  CHECK(first.twin.assess(again, first.meter, first.limits).verdict == verdict::duplicate);
}

TEST_CASE("message_rules: TM-08 half hours are compared across the days of a message") {
  message_scenario s;
  s.message.days.push_back(message_scenario::day_of("2026-06-16"));
  s.message.days.push_back(message_scenario::day_of("2026-06-15"));
  const auto verdicts = s.verdicts();
  CHECK(count(verdicts, verdict::duplicate_in_message) == 48);
  CHECK(std::count(verdicts.begin(), verdicts.begin() + 96, verdict::accepted) == 96);
}

TEST_CASE("message_rules: TM-07 two entries that share some time are both refused") {
  message_scenario s;
  s.day().entries.push_back({s.bent().end_s - 900, actual_of(1)}); // off the grid, across two half hours
  const auto verdicts = s.verdicts();
  CHECK(verdicts.back() == verdict::off_grid);
  CHECK(verdicts[message_scenario::entry] == verdict::overlap);
  CHECK(verdicts[message_scenario::entry - 1] == verdict::overlap);
  CHECK(count(verdicts, verdict::accepted) == 46);
}

TEST_CASE("message_rules: TM-12 half hours last 30 minutes") {
  for (const std::int32_t minutes : {15, 60, 0, -30, 29, 31, 2'000'000'000}) {
    CAPTURE(minutes);
    message_scenario s;
    s.day().duration_minutes = minutes;
    CHECK(all(s.verdicts(), verdict::duration));
  }
}

TEST_CASE("message_rules: VA-02 VA-03 the smallest values that are refused") {
  message_scenario s;
  s.bent().content.wh = -1; // -0.001 kWh
  CHECK(s.verdicts()[message_scenario::entry] == verdict::negative);
  for (const char* q : {"ZE", "ZE1", "ZE2", "ZE3"}) {
    s.bent().content = estimate_of(1, q);
    CHECK(s.verdicts()[message_scenario::entry] == verdict::zero_estimate_not_zero);
    s.bent().content = estimate_of(0, q);
    CHECK(s.verdicts()[message_scenario::entry] == verdict::accepted);
  }
}

TEST_CASE("message_rules: VA-05 quantity and event, crossed") {
  for (const quantity q : quantities_by_name)
    for (const event_code event : {event_code::active_power, event_code::reactive_power}) {
      message_scenario s;
      s.message.quantity = q;
      s.message.event = event;
      const bool fits = (name_of(q).front() == 'A') == (event == event_code::active_power);
      CAPTURE(name_of(q));
      CHECK(all(s.verdicts(), fits ? verdict::accepted : verdict::wrong_event));
    }
}

TEST_CASE("message_rules: VA-06 the maximum goes by connection type and segment, the alarm is apart from it") {
  message_scenario s;
  const reading r{quantity::active_import, {1'000'000}, 1, actual_of(60'000)};
  CHECK(!broken_rule(r, s.meter, s.limits));
  CHECK(warns<warning::over_alarm>(r, s.meter, s.limits)); // 60 kWh at W alarms
  s.bent().content.wh = 60'001;
  CHECK(s.verdicts()[message_scenario::entry] == verdict::over_maximum);
  s.limits.energy[index_of(connection_type::whole_current)][index_of(market_segment::advanced)].maximum_wh = 70'000;
  CHECK(s.verdicts()[message_scenario::entry] == verdict::over_maximum); // of another segment
  s.meter.segment = market_segment::advanced;
  CHECK(s.verdicts()[message_scenario::entry] == verdict::accepted);
}

TEST_CASE("message_rules: VA-07 of a de-energised meter only actuals, and consumption is warned of") {
  message_scenario s;
  s.meter.energised = false;
  const reading half{quantity::active_import, {1'000'000}, 1, actual_of(500)};
  CHECK(!broken_rule(half, s.meter, s.limits));
  CHECK(warns<warning::deenergised_consumption>(half, s.meter, s.limits));
  const reading none{quantity::active_import, {1'000'000}, 1, actual_of(0)};
  CHECK(!warns<warning::deenergised_consumption>(none, s.meter, s.limits));
  s.bent().content = estimate_of(500);
  CHECK(s.verdicts()[message_scenario::entry] == verdict::deenergised_estimate);
}

TEST_CASE("message_rules: VA-08 registration statuses") {
  message_scenario s;
  const std::vector<std::pair<registration_status, verdict>> table{
    {registration_status::created, verdict::status},
    {registration_status::operational, verdict::accepted},
    {registration_status::terminated, verdict::status}};
  for (const auto& [status, expected] : table) {
    s.status = status;
    CHECK(all(s.verdicts(), expected));
  }
  message_context context = s.context();
  context.recordable = {true, true, true};
  for (const entry_outcome& o : check_message(s.message, context, s.limits))
    CHECK(o.verdict == verdict::accepted);
}

TEST_CASE("message_rules: VA-09 appointments are half-open and begin and end at local midnight") {
  // Appointed for the local dates 2026-06-14 and 2026-06-15: 23:00Z to 23:00Z in summer.
  message_scenario s;
  s.appointed = {periods_starting_in(instant("2026-06-14T00:00:00+01:00"), instant("2026-06-16T00:00:00+01:00"))};
  auto verdicts = s.verdicts();
  CHECK(count(verdicts, verdict::not_appointed) == 2); // those that end 23:30 and 24:00 UTC are of the next local date
  CHECK(verdicts[45] == verdict::accepted);
  CHECK(verdicts[46] == verdict::not_appointed);
  s.message.days = {message_scenario::day_of("2026-06-13")};
  verdicts = s.verdicts();
  CHECK(verdicts[45] == verdict::not_appointed);
  CHECK(verdicts[46] == verdict::accepted);
  // Two appointments with a hole, and none at all.
  s.message.days = {message_scenario::day_of("2026-06-15")};
  s.appointed = {periods_starting_in(instant("2026-06-15"), instant("2026-06-15T06:00:00Z")),
                 periods_starting_in(instant("2026-06-15T07:00:00Z"), instant("2026-06-16"))};
  CHECK(count(s.verdicts(), verdict::not_appointed) == 2);
  s.appointed = std::vector<period_range>{};
  CHECK(all(s.verdicts(), verdict::not_appointed));
}

TEST_CASE("message_rules: VA-09 a half hour outside the meter's own rows is not appointed, in them its row is named") {
  message_scenario s;
  connection later = s.meter;
  s.meter.effective = periods_starting_in(instant("2026-06-01"), instant("2026-06-15T06:00:00Z"));
  later.effective = periods_starting_in(instant("2026-06-15T07:00:00Z"), instant("2026-06-15T20:00:00Z"));
  later.energised = false;
  s.rows = {s.meter, later};
  const auto outcomes = check_message(s.message, s.context(), s.limits);
  CHECK(outcomes[11].verdict == verdict::accepted);
  CHECK(outcomes[11].row == 0);
  CHECK(outcomes[12].verdict == verdict::not_appointed);
  CHECK(outcomes[13].verdict == verdict::not_appointed);
  CHECK(outcomes[14].verdict == verdict::accepted);
  CHECK(outcomes[14].row == 1);
  CHECK(outcomes[39].verdict == verdict::accepted);
  CHECK(outcomes[40].verdict == verdict::not_appointed);
}

TEST_CASE("message_rules: ENV-09 a half hour that ends before the connection type's date is ECS1013") {
  message_scenario s;
  s.message.connection_from_s = instant("2026-06-15T10:30:00Z");
  const auto verdicts = s.verdicts();
  CHECK(verdicts[19] == verdict::before_connection);
  CHECK(verdicts[20] == verdict::accepted); // ends with it
  CHECK(count(verdicts, verdict::before_connection) == 20);
}

TEST_CASE("message_rules: a meter that is not known, or without that quantity, or a time that no store holds") {
  message_scenario s;
  message_context nobody;
  for (const entry_outcome& o : check_message(s.message, nobody, s.limits))
    CHECK(o.verdict == verdict::unknown_meter);
  s.meter.quantities = mask_of(quantity::active_export);
  CHECK(all(s.verdicts(), verdict::unknown_quantity));
  for (const std::int64_t end : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::max(),
                                 std::numeric_limits<std::int64_t>::min(), last_storable_period.end_s() + 1}) {
    s.bent().end_s = end;
    CHECK(s.verdicts()[message_scenario::entry] == verdict::unparseable);
  }
  s.message.days.clear();
  CHECK(s.verdicts().empty());
}

TEST_CASE("message_rules: the first in the contract's order is the verdict") {
  worst_message w;
  CHECK(w.check() == verdict::negative);
  w.bent().content.wh = 70'000;
  CHECK(w.check() == verdict::over_maximum);
  w.bent().content.wh = 1;
  CHECK(w.check() == verdict::wrong_event);
  w.message.event = event_code::active_power;
  CHECK(w.check() == verdict::zero_estimate_not_zero);
  w.bent().content.wh = 0;
  CHECK(w.check() == verdict::reason_missing);
  w.bent().content.reasons.estimation = estimation_amended;
  CHECK(w.check() == verdict::amendment_reason_missing);
  w.bent().content.reasons.amendment = 'M';
  CHECK(w.check() == verdict::not_appointed); // by the meter's range, and by appointment
  w.meter.effective = {};
  CHECK(w.check() == verdict::not_appointed);
  w.appointed.reset();
  CHECK(w.check() == verdict::status);
  w.status = registration_status::operational;
  CHECK(w.check() == verdict::deenergised_estimate);
  w.meter.energised = true;
  CHECK(w.check() == verdict::before_connection);
  w.message.connection_from_s = 0;
  CHECK(w.check() == verdict::future);
  w.limits.as_of_s.reset();
  CHECK(w.check() == verdict::past_final_run);
  w.limits.closed.clear();
  CHECK(w.check() == verdict::accepted);
}

TEST_CASE("message_rules: faults of time go before those of content, in the contract's order") {
  worst_message w;
  w.day().duration_minutes = 60;
  w.day().day_s += 3600;
  w.day().entries.push_back({w.bent().end_s, actual_of(5)});
  w.bent().end_s += 60;
  CHECK(w.check() == verdict::off_grid);
  w.bent().end_s -= 60;
  CHECK(w.check() == verdict::duration);
  w.day().duration_minutes = 30;
  CHECK(w.check() == verdict::day_not_midnight);
  w.day().day_s -= 3600;
  CHECK(w.check() == verdict::duplicate_in_message);
  w.day().entries.back().end_s -= 900;
  CHECK(w.check() == verdict::overlap);
  w.day().entries.pop_back();
  CHECK(w.check() == verdict::negative);
  w.meter.quantities = 0;
  CHECK(w.check() == verdict::unknown_quantity);
}

TEST_CASE("message_rules: verdicts do not depend on the order of the entries") {
  seeded_random random(21);
  std::size_t refused = 0;
  for (int round = 0; round < 200; ++round) {
    message_scenario s;
    for (int n = 0; n < 6; ++n) {
      consumption_entry e = random.pick(s.day().entries);
      e.end_s += random.chance(1, 2) ? random.between(-2000, 2000) : 0;
      e.content.wh += random.chance(1, 2) ? 1 : 0;
      s.day().entries.push_back(e);
    }
    // By what an entry says, not by its place: of equal ones the first stands, whichever that is.
    const auto by_content = [&] {
      std::multiset<std::tuple<std::int64_t, std::int64_t, std::string_view>> out;
      const auto verdicts = s.verdicts();
      for (std::size_t i = 0; i < verdicts.size(); ++i)
        out.emplace(s.day().entries[i].end_s, s.day().entries[i].content.wh, name_of(verdicts[i]));
      return out;
    };
    const auto before = by_content();
    refused += before.size() - count(s.verdicts(), verdict::accepted);
    random.shuffle(s.day().entries);
    CHECK(by_content() == before);
  }
  CHECK(refused > 500);
}
