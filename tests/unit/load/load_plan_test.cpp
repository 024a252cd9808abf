#include "src/load/load_plan.hpp"

#include <doctest/doctest.h>

#include <set>
#include <utility>
#include <vector>

using namespace gridtwin;

namespace {

constexpr utc_day first_day{20'454};

load_plan plan_of(load_form form, std::uint64_t messages, double rate = 1000) {
  return {{mpan{3}, mpan{1}, mpan{2}}, first_day, form, 7, rate, messages};
}

} // namespace

TEST_CASE("load_plan: each number is another reading, and is found again by meter and half hour") {
  for (const load_form form : {load_form::day, load_form::half_hour}) {
    const load_plan plan = plan_of(form, 100);
    CHECK(plan.readings() == (form == load_form::day ? 4800 : 100));
    std::set<std::pair<std::uint64_t, std::int32_t>> keys;
    for (std::uint64_t n = 0; n < plan.readings(); ++n) {
      const submitted_reading r = plan.reading(n);
      keys.insert({r.meter.number, r.period.number});
      CHECK(plan.number_of(r.meter, r.period) == n);
      CHECK(r.content.wh >= 0);
      CHECK(r.content == plan.reading(n).content);
    }
    CHECK(keys.size() == plan.readings());
    const submitted_reading past = plan.reading(plan.readings());
    CHECK(!plan.number_of(past.meter, past.period));
    CHECK(!plan.number_of(mpan{4}, past.period));
    CHECK(!plan.number_of(mpan{3}, {period_at(first_day, 0).number - 1}));
  }
}

TEST_CASE("load_plan: messages are whole days of a meter in UTC, or single half hours of one meter after another") {
  const load_plan days = plan_of(load_form::day, 4);
  CHECK(days.reading(0).period == period_at(first_day, 0));
  CHECK(days.reading(47).period == period_at(first_day, 47));
  CHECK(days.reading(47).meter == mpan{3});
  CHECK(days.reading(48).meter == mpan{1});
  CHECK(days.reading(3 * 48).meter == mpan{3});
  CHECK(days.reading(3 * 48).period == period_at({first_day.number + 1}, 0));
  const load_plan half_hours = plan_of(load_form::half_hour, 4);
  CHECK(half_hours.reading(2).meter == mpan{2});
  CHECK(half_hours.reading(3).meter == mpan{3});
  CHECK(half_hours.reading(3).period == period_at(first_day, 1));
}

TEST_CASE("load_plan: a message is due when its time has come, all of it at once") {
  for (const load_form form : {load_form::day, load_form::half_hour}) {
    const load_plan plan = plan_of(form, 50, 1000); // one a millisecond
    const std::uint64_t each = plan.readings_a_message();
    CHECK(plan.due_by(-1) == 0);
    CHECK(plan.due_by(0) == each);
    CHECK(plan.due_by(1500) == 2 * each);
    CHECK(plan.due_by(1'000'000) == plan.readings());
    CHECK(plan.due_us(0) == 0);
    CHECK(plan.due_us(20 * each) == 20'000);
    for (std::int64_t at = 0; at < 50'000; at += 137)
      CHECK(plan.due_us(plan.due_by(at) - 1) <= at);
  }
}
