#include "src/load/load_source.hpp"

#include "src/wire/submit_codec.hpp"
#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr std::size_t batch = 10;

/// Numbers of the readings that a parcel holds, as their values say; the first is the sender's own, from 1.
std::vector<std::uint64_t> numbers_of(const parcel& p, const load_plan& plan) {
  std::string body = p.body;
  append_batch_name(1, body);
  submitted_batch sent;
  REQUIRE(decode_submit(body, sent) == submit_fault::none);
  REQUIRE(sent.readings.size() == p.count);
  std::vector<std::uint64_t> out;
  for (const submitted_reading& r : sent.readings) {
    const auto number = plan.number_of(r.meter, r.period);
    REQUIRE(number);
    CHECK(r.content == plan.reading(*number).content);
    CHECK(*number + 1 == sent.first_number + out.size());
    out.push_back(*number);
  }
  return out;
}

answer_message all(const parcel& p, wire_outcome outcome) { return {1, {{p.count, {outcome, no_code, 3, 17}}}, 0}; }

std::vector<mpan> three_meters() {
  std::vector<mpan> out;
  for (const std::uint64_t core : {100'000'000'001U, 100'000'000'002U, 100'000'000'003U})
    out.push_back({core * 10 + static_cast<std::uint64_t>(check_digit(core))});
  return out;
}

} // namespace

TEST_CASE("load_source: gives what is due and no more, and times count from when it was due") {
  const load_plan plan(three_meters(), {20'454}, load_form::half_hour, 1, 1000, 25);
  std::int64_t now = -1;
  load_source source(plan, batch, [&now] { return now; });
  CHECK(!source.next().value());
  now = 4'500;
  const auto first = source.next().value();
  REQUIRE(first);
  CHECK(numbers_of(*first, plan) == std::vector<std::uint64_t>{0, 1, 2, 3, 4});
  CHECK(!source.next().value());
  now = 100'000;
  CHECK(source.answered(*first, all(*first, wire_outcome::accepted)));
  CHECK(source.latency().most_us() == 100'000);
  CHECK(source.latency().at_thousandth_us(1) >= 96'000);
  CHECK(source.latency().at_thousandth_us(1) < 97'000);
  const auto second = source.next().value();
  REQUIRE(second);
  CHECK(second->count == batch); // of twenty that are late
}

TEST_CASE("load_source: what is busy, unknown or came back is sent again until every reading has one answer") {
  seeded_random random(5);
  const load_plan plan(three_meters(), {20'454}, load_form::day, 1, 1e6, 40);
  load_source source(plan, batch, [] { return 1'000'000; });
  std::vector<int> finals(plan.readings());
  std::vector<parcel> under_way;
  while (!source.done()) {
    if (auto next = source.next().value())
      under_way.push_back(std::move(*next));
    if (under_way.empty())
      continue;
    const std::size_t at = random.below(under_way.size());
    const parcel p = std::move(under_way[at]);
    under_way.erase(under_way.begin() + static_cast<std::ptrdiff_t>(at));
    if (random.chance(1, 5)) {
      source.give_back(p);
      continue;
    }
    const auto numbers = numbers_of(p, plan);
    answer_message answer{1, {}, 0};
    for (std::uint32_t place = 0; place < p.count;) {
      const auto count = random.between<std::uint32_t>(1, p.count - place);
      constexpr std::array outcomes{wire_outcome::accepted, wire_outcome::busy, wire_outcome::unknown,
                                    wire_outcome::rejected};
      const wire_outcome o = outcomes[random.below(outcomes.size())];
      answer.runs.push_back({count, {o, no_code, 1, static_cast<std::int64_t>(numbers[place])}});
      for (std::uint32_t i = place; i < place + count && is_final(o); ++i)
        ++finals[numbers[i]];
      place += count;
    }
    CHECK(source.answered(p, answer));
  }
  CHECK(under_way.empty());
  for (const int times : finals)
    CHECK(times == 1);
  CHECK(source.latency().count() == plan.readings());
  CHECK(source.of(wire_outcome::accepted) + source.of(wire_outcome::rejected) == plan.readings());
  std::uint64_t next = 0;
  for (const answered_stretch& s : source.stretches()) {
    CHECK(s.first == next);
    CHECK(s.answer.offset == static_cast<std::int64_t>(s.first));
    next += s.count;
  }
  CHECK(next == plan.readings());
}
