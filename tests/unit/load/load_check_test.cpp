#include "src/load/load_check.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <vector>

using namespace gridtwin;

namespace {

/// A load of two meters, and a log that has it as it was answered: 20 readings a record.
struct checked_load {
  load_plan plan{{mpan{1}, mpan{2}}, {20'454}, load_form::half_hour, 9, 1000, 60};
  std::vector<answered_stretch> stretches{{0, 20, {wire_outcome::accepted, no_code, 5, 1}},
                                          {20, 20, {wire_outcome::duplicate, no_code, 0, 0}},
                                          {40, 10, {wire_outcome::accepted, no_code, 5, 3}},
                                          {50, 5, {wire_outcome::rejected, code_of(verdict::negative), 0, 0}}};
  std::vector<reading_event> events; ///< of the first fifty: the last five have no answer

  checked_load() {
    for (std::uint64_t n = 0; n < 50; ++n)
      events.push_back(event(n));
  }
  reading_event event(std::uint64_t n) const {
    const submitted_reading r = plan.reading(n);
    reading_event e;
    e.record = record_id::of(5, static_cast<std::int64_t>(1 + n / 20));
    e.meter = r.meter;
    e.reading = {r.quantity, r.period, r.version, r.content};
    return e;
  }
  load_findings found() const {
    const std::vector<answered_load> loads{{&plan, stretches}};
    load_checker checker(loads);
    for (const reading_event& e : events)
      checker.see(e);
    return checker.end();
  }
};

} // namespace

TEST_CASE("load_check: a log that has what was answered holds, whatever else it has") {
  checked_load load;
  load.events.push_back(load.event(57)); // without an answer: it may be there
  reading_event other = load.event(3);
  other.meter = {77};
  load.events.push_back(other);
  const load_findings f = load.found();
  CHECK(f.holds());
  CHECK(f.accepted == 30);
  CHECK(f.found == 51);
}

TEST_CASE("load_check: each way in which a log can differ is told") {
  const auto after = [](const std::function<void(checked_load&)>& change) {
    checked_load load;
    change(load);
    const load_findings f = load.found();
    CHECK(!f.holds());
    return f;
  };
  CHECK(after([](checked_load& l) { l.events.erase(l.events.begin() + 7); }).missing == 1);
  CHECK(after([](checked_load& l) { l.events.erase(l.events.begin() + 25); }).missing == 1); // a duplicate
  CHECK(after([](checked_load& l) { l.events.push_back(l.event(30)); }).twice == 1);
  CHECK(after([](checked_load& l) { l.events[45].record = record_id::of(5, 1); }).misplaced == 1);
  CHECK(after([](checked_load& l) { l.events[45].record = record_id::of(6, 3); }).misplaced == 1);
  CHECK(after([](checked_load& l) { l.events.push_back(l.event(52)); }).unasked == 1); // was rejected
  const load_findings changed = after([](checked_load& l) { ++l.events[9].reading.content.wh; });
  CHECK(changed.different == 1);
  CHECK(changed.missing == 1);
}
