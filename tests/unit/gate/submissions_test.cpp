// Submissions through the gate: bounded while they wait, on to batches, and back to each sender's answers in its own
// order.

#include "src/gate/submission_feed.hpp"
#include "src/gate/submitted_group.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/unit/ingest/ingest_support.hpp"

#include <optional>

namespace gridtwin {
namespace {

using namespace gridtwin::test;
using testing::seeded_random;
using answers = std::vector<submission_answer>;

constexpr period some_period{20'513 * periods_per_day + 1};

submitted_reading reading_of(const std::string& meter, int half_hour, std::int64_t wh) {
  submitted_reading r;
  r.meter = *parse_mpan(meter);
  r.period = {some_period.number + half_hour};
  r.content.wh = wh;
  return r;
}

submission of(const std::string& sender, std::uint64_t first_number, std::vector<submitted_reading> readings) {
  return {sender, first_number, std::move(readings)};
}

TEST_CASE("feed: what waits is bounded, and busy means not taken") {
  submission_feed feed(5);
  const auto nobody_asks = [](answers) { FAIL("answered"); };
  CHECK(feed.offer(of("a", 1, {3, reading_of(one, 0, 1)}), nobody_asks));
  CHECK(feed.offer(of("a", 4, {2, reading_of(one, 0, 1)}), nobody_asks));
  CHECK_FALSE(feed.offer(of("b", 1, {1, reading_of(one, 0, 1)}), nobody_asks));
  CHECK(feed.refused() == 1);
  CHECK(feed.take(1).size() == 1);                                              // the one that waited longest, whole
  CHECK_FALSE(feed.offer(of("b", 1, {1, reading_of(one, 0, 1)}), nobody_asks)); // taken is not answered
  feed.let_go(3);
  CHECK(feed.offer(of("b", 1, {1, reading_of(one, 0, 1)}), nobody_asks));
  CHECK(feed.take(100).size() == 2);
  CHECK(feed.take(100).empty());
  feed.let_go(3);
  CHECK(feed.offer(of("b", 1, {100, reading_of(one, 0, 1)}), nobody_asks)); // alone, however large
  CHECK(feed.take(1).size() == 1);
}

TEST_CASE("feed: a run is told once that something waits, also of what came before it") {
  submission_feed feed(100);
  int rung = 0;
  const auto ignored = [](answers) {};
  CHECK(feed.offer(of("a", 1, {reading_of(one, 0, 1)}), ignored));
  feed.on_waiting([&] { ++rung; });
  CHECK(rung == 1);
  CHECK(feed.offer(of("a", 2, {reading_of(one, 0, 1)}), ignored));
  CHECK(rung == 1);
  CHECK(feed.take(100).size() == 2);
  CHECK(feed.offer(of("a", 3, {reading_of(one, 0, 1)}), ignored));
  CHECK(rung == 2);
  feed.on_waiting({});
  CHECK(feed.take(100).size() == 1);
  CHECK(feed.offer(of("a", 4, {reading_of(one, 0, 1)}), ignored));
  CHECK(rung == 2);
  feed.on_waiting([&] { ++rung; });
  CHECK(rung == 3);
}

TEST_CASE("feed: one that is closed answers busy for what it had not given on, and takes nothing more") {
  std::optional<answers> told;
  submission_feed feed(100);
  CHECK(feed.offer(of("a", 1, {2, reading_of(one, 0, 1)}), [&](answers a) { told = std::move(a); }));
  feed.close();
  REQUIRE(told);
  REQUIRE(told->size() == 2);
  CHECK(told->front().kind == answer_kind::busy);
  CHECK_FALSE(feed.offer(of("a", 1, {reading_of(one, 0, 1)}), [](answers) {}));
}

/// Names for an estate of two transformers: their numbers in the store are not in the estate's order.
topology two_names() {
  topology names;
  names.number_of = {{7}, {3}};
  return names;
}

TEST_CASE("submitted groups: each reading's answer comes back to where its sender wrote it") {
  seeded_random random(20'261'127);
  const auto index = good_index();
  std::size_t answered = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<taken_submission> all;
    std::vector<std::optional<answers>> told(1 + random.below(12));
    std::uint64_t next_number = 1 + random.below(1000);
    for (std::size_t i = 0; i < told.size(); ++i) {
      std::vector<submitted_reading> readings;
      for (std::uint64_t k = random.below(6); k != 0; --k)
        readings.push_back(reading_of(random.pick(std::vector<std::string>{one, two, three, nobody}),
                                      static_cast<int>(random.below(96)),
                                      static_cast<std::int64_t>(random.below(10'000))));
      const std::uint64_t first = random.chance(1, 5) ? 1 + random.below(1000) : next_number; // sent again, or next
      next_number = first + readings.size() + random.below(3);
      const std::string sender = random.chance(1, 3) ? "b" : "a";
      all.push_back({of(sender, first, std::move(readings)), [&told, i](answers a) {
                       CHECK_FALSE(told[i]);
                       told[i] = std::move(a);
                     }});
    }
    const std::vector<taken_submission> kept = all;
    submitted_group group(std::move(all), *index, [](const std::string& sender) { return sender == "a" ? 11U : 12U; });
    reading_group durable(1, group.take_batches(), {});
    durable.keep_verdicts();
    // A verdict that tells of the reading: by its value, so that a wrong place would be seen.
    const auto verdict_of = [](std::int64_t wh) {
      constexpr std::array some{verdict::accepted, verdict::duplicate, verdict::conflict, verdict::future,
                                verdict::negative};
      return some[static_cast<std::size_t>(wh) % some.size()];
    };
    for (const reading_batch& batch : durable.batches()) {
      for (std::size_t k = 0; k < batch.readings.size(); ++k) {
        durable.verdicts_of(batch)[k] = verdict_of(batch.readings[k].wh);
        const std::string raw = batch.raw->at(batch.readings[k].offset);
        CHECK(raw.find(to_string(index->at(batch.readings[k].connection).mpan)) == 0);
      }
    }
    durable.put_places({{{3}, record_id::of(5, 50)}, {{7}, record_id::of(9, 90)}});
    group.answer(durable, two_names());
    for (std::size_t i = 0; i < kept.size(); ++i) {
      REQUIRE(told[i]);
      REQUIRE(told[i]->size() == kept[i].offered.readings.size());
      for (std::size_t k = 0; k < told[i]->size(); ++k) {
        const submitted_reading& r = kept[i].offered.readings[k];
        const submission_answer& a = (*told[i])[k];
        const auto meter = index->find(r.meter);
        ++answered;
        if (!meter) {
          CHECK(a.kind == answer_kind::quarantined);
          CHECK(a.verdict == verdict::unknown_meter);
          continue;
        }
        CHECK(a.verdict == verdict_of(r.content.wh));
        if (a.kind != answer_kind::accepted)
          continue;
        const transformer_index t = index->transformer_of(index->connection_at(*meter, r.period));
        CHECK(a.shard == (t.value == 0 ? 9 : 5));
        CHECK(a.offset == (t.value == 0 ? 90 : 50));
      }
    }
  }
  CHECK(answered > 1000);
}

TEST_CASE("submitted groups: numbers of a sender that ascend are one batch, and lines keep them") {
  const auto index = good_index();
  std::vector<taken_submission> all;
  for (const std::uint64_t first : std::array<std::uint64_t, 4>{10, 20, 15, 5'000'000'020})
    all.push_back({of("a", first, {2, reading_of(one, 0, 1)}), [](answers) {}});
  submitted_group group(std::move(all), *index, [](const std::string&) { return 1U; });
  const auto batches = group.take_batches();
  REQUIRE(batches.size() == 3); // 15 was before 20; the last is too far from 15
  CHECK(batches[0].first_line == 10);
  CHECK(batches[0].readings.size() == 4);
  CHECK(batches[0].readings[2].line == 10);
  CHECK(batches[1].first_line == 15);
  CHECK(batches[2].first_line == 5'000'000'020);
  CHECK(group.readings() == 8);
}

TEST_CASE("submitted groups: what no twin can judge is refused with its reason") {
  const auto index = good_index();
  std::optional<answers> told;
  submitted_reading zero_version = reading_of(one, 0, 1);
  zero_version.version = 0;
  submitted_reading too_early = reading_of(one, 0, 1);
  too_early.period = {0};
  submitted_reading no_export = reading_of(one, 0, 1);
  no_export.quantity = quantity::active_export;
  std::vector<taken_submission> all;
  all.push_back({of("a", 1, {zero_version, reading_of(nobody, 0, 1), too_early, no_export}),
                 [&](answers a) { told = std::move(a); }});
  submitted_group group(std::move(all), *index, [](const std::string&) { return 1U; });
  reading_group durable(1, group.take_batches(), {});
  durable.keep_verdicts();
  const reading_batch& batch = durable.batches().front();
  REQUIRE(batch.rejects.size() == 4);
  CHECK(batch.rejects[1].raw == nobody + ",AI,2026-03-01T00:30:00Z,0.001,1,A");
  CHECK(batch.rejects[2].period_end.empty());
  group.answer(durable, two_names());
  REQUIRE(told);
  CHECK((*told)[0].verdict == verdict::unparseable);
  CHECK((*told)[0].kind == answer_kind::rejected);
  CHECK((*told)[1].verdict == verdict::unknown_meter);
  CHECK((*told)[2].verdict == verdict::unparseable);
  CHECK((*told)[3].verdict == verdict::unknown_quantity);
  told.reset();
  group.give_up();
  REQUIRE(told);
  CHECK(told->empty());
}

TEST_CASE(
  "submitted groups: of a message's rule, the meter's and the twin's the first in the contract's order counts") {
  const auto index = good_index();
  std::vector<submitted_reading> readings(6, reading_of(one, 0, 1));
  readings[1].meter = *parse_mpan(nobody);
  readings[2].quantity = quantity::active_export;
  readings[3].content.wh = -1;
  readings[4].content.wh = 70'000; // more than 60 kWh
  submission s = of("a", 1, readings);
  const auto refuse = [&](std::uint32_t at, verdict v) { s.refusals.push_back({at, v, "END", "why", "{text}"}); };
  refuse(0, verdict::off_grid);
  refuse(1, verdict::off_grid);
  refuse(2, verdict::wrong_event);
  refuse(3, verdict::wrong_event);
  refuse(4, verdict::wrong_event);
  std::vector<taken_submission> all;
  all.push_back({std::move(s), [](answers) {}});
  rule_limits limits;
  submitted_group group(
    std::move(all), *index, [](const std::string&) { return 1U; }, limits);
  const auto batches = group.take_batches();
  REQUIRE(batches.size() == 1);
  const auto& rejects = batches[0].rejects;
  REQUIRE(rejects.size() == 3);
  CHECK(rejects[0].verdict == verdict::off_grid);
  CHECK(rejects[0].detail == "why");
  CHECK(rejects[0].raw == "{text}");
  CHECK(rejects[0].period_end == "END");
  CHECK(rejects[1].verdict == verdict::unknown_meter);
  CHECK(rejects[1].detail.find(nobody) != std::string::npos);
  CHECK(rejects[2].verdict == verdict::unknown_quantity);
  // Negative, too large, and without fault: the twins'.
  REQUIRE(batches[0].readings.size() == 3);
  CHECK(batches[0].readings[0].line == 3);
  CHECK(batches[0].readings[1].line == 4);
  CHECK(batches[0].readings[2].line == 5);

  // Where the run's limit is higher, the message's rule is the first.
  for (auto& of_type : limits.energy)
    for (energy_limit& limit : of_type)
      limit.maximum_wh = 80'000;
  submission again = of("a", 1, {readings[4]});
  again.refusals.push_back({0, verdict::wrong_event, "END", "why", "{text}"});
  all.clear();
  all.push_back({std::move(again), [](answers) {}});
  submitted_group higher(
    std::move(all), *index, [](const std::string&) { return 1U; }, limits);
  REQUIRE(higher.take_batches()[0].rejects.size() == 1);
}

} // namespace
} // namespace gridtwin
