#include "tests/support/run_fixture.hpp"
#include "tests/support/soaking.hpp"

#include "src/replay/replay_driver.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <map>
#include <set>
#include <stdexcept>
#include <thread>
#include <tuple>
#include <utility>

namespace gridtwin::testing {

namespace {

constexpr std::size_t groups_of_a_run = 6;
constexpr std::uint32_t transformers_of_a_run = 3;

auto fields_of(const run_counts& c) { return std::tuple(c.by_verdict, c.energy_wh, c.rounded, c.warnings); }

/// What a run comes to that nobody disturbs.
struct undisturbed {
  explicit undisturbed(const std::vector<std::vector<run_row>>& groups) {
    deterministic_system d;
    run_under_test run(d.system, store);
    after.push_back(store.content_of({{"journal", 5}}));
    run.before_step = [&] { ++steps; };
    run.acknowledged = [&] { after.push_back(store.content_of({{"journal", 5}})); };
    outcome = run.drive(groups);
    REQUIRE(!outcome.stopped_by);
    result = result_of(store);
  }

  store_fixture store;
  run_under_test::outcome outcome;
  std::vector<std::string> after; ///< the journal after so many groups
  std::string result;
  std::uint64_t steps = 0;
};

/// Kills transformers before random steps, each at most as often as a run bears.
struct random_kills {
  random_kills(run_under_test& run, seeded_random& random, std::uint64_t steps) {
    for (std::uint32_t t = 0; t < transformers_of_a_run; ++t)
      for (std::uint32_t n = 0; n < timeless_parts.child.most_restarts; ++n)
        at.emplace(random.below(steps), t);
    run.before_step = [this, &run] {
      for (auto one = at.lower_bound({now, 0}); one != at.end() && one->first == now; ++one) {
        sent += run.transformers().handle({one->second}) ? 1 : 0;
        while_summarising += run.summarising() && run.transformers().handle({one->second}) ? 1 : 0;
        run.kill({one->second});
      }
      ++now;
    };
  }

  std::set<std::pair<std::uint64_t, std::uint32_t>> at; ///< step and transformer
  std::uint64_t now = 0;
  std::uint64_t sent = 0;
  std::uint64_t while_summarising = 0;
};

/// No file may grow beyond so many bytes, as if the disk were full, until this goes.
class full_disk {
public:
  explicit full_disk(std::uint64_t bytes) : before_handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~full_disk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, before_handler_);
  }
  full_disk(const full_disk&) = delete;
  full_disk& operator=(const full_disk&) = delete;

private:
  rlimit before_{};
  void (*before_handler_)(int);
};

} // namespace

TEST_CASE("V4 a transformer that is killed at any step is started again with the same loads, digests and counts") {
  std::uint64_t kills = 0;
  std::uint64_t while_summarising = 0;
  const std::uint64_t seeds = soaking() ? 1000 : 12;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    CAPTURE(seed);
    seeded_random random(seed);
    const auto groups = random_groups(random, groups_of_a_run);
    const undisturbed expected(groups);
    CHECK(expected.outcome.supervision.transformer_restarts == 0);
    const store_fixture store;
    deterministic_system d;
    run_under_test run(d.system, store);
    run.order = &random;
    const random_kills chaos(run, random, expected.steps + expected.steps / 4);
    const auto outcome = run.drive(groups);
    REQUIRE(!outcome.stopped_by);
    CHECK(fields_of(outcome.counts) == fields_of(expected.outcome.counts));
    CHECK(outcome.last_parts == expected.outcome.last_parts); // each was counted once
    CHECK(result_of(store) == expected.result);
    CHECK(outcome.supervision.transformer_restarts <= chaos.sent); // one that is dying may be killed twice
    CHECK(outcome.supervision.twins == supervision_counters{});    // no twin failed of itself
    kills += outcome.supervision.transformer_restarts;
    while_summarising += chaos.while_summarising;
  }
  CHECK(kills > seeds * 10 / 3);
  CHECK(while_summarising * 2 > seeds);
}

TEST_CASE("V3 V11 twins that a run has parked stay parked, and counted, when their transformer is started again") {
  static constexpr std::int64_t firmware_wh = 777;
  const store_fixture store;
  deterministic_system d;
  run_under_test run(d.system, store);
  run.context().assess = [](meter_twin& twin, const reading& r, const connection& meter, const rule_limits& limits) {
    if (r.content.wh == firmware_wh)
      throw std::runtime_error("bad firmware");
    return twin.assess(r, meter, limits);
  };
  // Two of three twins of T0's first feeder are parked by the first group, the third by the last.
  std::vector<std::vector<run_row>> groups(6);
  for (int slot = 0; slot < 4; ++slot)
    for (const std::uint32_t meter : {0U, 1U})
      groups[0].push_back({meter, slot, firmware_wh});
  for (std::size_t g = 1; g < groups.size(); ++g)
    for (std::uint32_t meter = 0; meter < 18; ++meter)
      groups[g].push_back({meter, static_cast<int>(10 + g), 5});
  for (int slot = 0; slot < 4; ++slot)
    groups[5].push_back({2, slot, firmware_wh});
  std::uint64_t done = 0;
  run.acknowledged = [&] {
    if (++done == 2)
      run.kill({0});
  };
  const auto outcome = run.drive(groups);
  REQUIRE(!outcome.stopped_by);
  CHECK(outcome.supervision.transformer_restarts == 1);
  CHECK(outcome.supervision.twins.parked == 3);
  CHECK(outcome.supervision.twins.escalations == 1); // by the second; the third is no news
  CHECK(outcome.supervision.escalated == std::vector<feeder_index>{{0}});
  CHECK(outcome.supervision.parked == std::vector<connection_index>{{0}, {1}, {2}});
  // What came for the first two after they were parked waits, whether before the restart or behind it.
  CHECK(outcome.supervision.letters[static_cast<std::size_t>(letter_cause::twin_parked)] == 2 * (3 + 5) + 3);
  CHECK(outcome.counts.of(verdict::accepted) == 5 * 16);
}

namespace {

std::uint64_t last_ended = 0;

void end_once_a_group(transformer_index t, std::uint64_t group) {
  if (t.value == 0 && group > last_ended) {
    last_ended = group;
    throw std::runtime_error("planted fault");
  }
}

void end_at_the_fifth(transformer_index t, std::uint64_t group) {
  if (t.value == 0 && group == 5)
    throw std::runtime_error("planted fault");
}

} // namespace

TEST_CASE("V2 V12 a transformer that ends again and again is borne while it judges groups between, and no longer") {
  seeded_random random(5);
  auto groups = random_groups(random, 3 * groups_of_a_run);
  for (std::vector<run_row>& rows : groups)
    rows.push_back({0, 95, 7}); // each has something of T0
  const undisturbed expected(groups);
  {
    const store_fixture store;
    deterministic_system d;
    run_under_test run(d.system, store);
    last_ended = 0;
    run.context().before_group = end_once_a_group;
    const auto outcome = run.drive(groups);
    REQUIRE(!outcome.stopped_by);
    CHECK(outcome.supervision.transformer_restarts == groups.size());
    CHECK(fields_of(outcome.counts) == fields_of(expected.outcome.counts));
    CHECK(result_of(store) == expected.result);
  }
  const store_fixture store;
  deterministic_system d;
  run_under_test run(d.system, store);
  run.context().before_group = end_at_the_fifth;
  const auto outcome = run.drive(groups);
  REQUIRE(outcome.stopped_by);
  CHECK(outcome.stopped_by->message
        == "transformer T0 has ended 4 times in a row: what was committed stays; report this");
  CHECK(outcome.supervision.transformer_restarts == 3);
  CHECK(outcome.acknowledged == 4);
}

namespace {

std::map<std::uint64_t, int> ends_left; // of T0, by group

void end_as_planned(transformer_index t, std::uint64_t group) {
  if (t.value == 0 && ends_left[group]-- > 0)
    throw std::runtime_error("planted fault");
}

} // namespace

TEST_CASE(
  "V2 V4 V19 in a process that stays a transformer is started again at once, after 100 ms and after 1 s, and all "
  "others go on meanwhile") {
  seeded_random random(6);
  auto groups = random_groups(random, groups_of_a_run);
  for (std::vector<run_row>& rows : groups)
    rows.push_back({0, 95, 7}); // each has something of T0
  const undisturbed expected(groups);
  const store_fixture store;
  deterministic_system d;
  monotonic_time now{std::chrono::hours(1)};
  run_under_test run(d.system, store, [&now] { return now; });
  std::vector<std::chrono::nanoseconds> pauses;
  run.paused = [&](std::chrono::nanoseconds pause) {
    pauses.push_back(pause);
    const std::chrono::nanoseconds least(1);
    now += pause == least ? pause : pause - least; // the first time it is not over yet
  };
  ends_left = {{2, 3}, {5, 1}}; // between them it judges well
  run.context().before_group = end_as_planned;
  const auto outcome = run.drive(groups);
  REQUIRE(!outcome.stopped_by);
  CHECK(outcome.supervision.transformer_restarts == 4);
  CHECK(fields_of(outcome.counts) == fields_of(expected.outcome.counts));
  CHECK(result_of(store) == expected.result);
  REQUIRE(pauses.size() == 4);
  for (const std::size_t n : {0U, 2U}) {
    const std::chrono::nanoseconds step = n == 0 ? std::chrono::milliseconds(100) : std::chrono::seconds(1);
    CHECK(pauses[n] >= step);
    CHECK(pauses[n] <= step + step / 4);
    CHECK(pauses[n + 1] == std::chrono::nanoseconds(1));
  }
  CHECK(run.transformers().next_due() == std::nullopt);
}

TEST_CASE("V5 a store that cannot be written in the middle of a group: what was not durable is not acknowledged") {
  std::uint64_t failures = 0;
  std::set<std::uint64_t> after;
  const std::uint64_t runs = soaking() ? 1000 : 24;
  for (std::uint64_t seed = 1; seed <= runs; ++seed) {
    CAPTURE(seed);
    seeded_random random(seed % 3 + 1);
    const auto groups = random_groups(random, groups_of_a_run);
    const undisturbed expected(groups);
    const store_fixture store;
    run_under_test::outcome outcome;
    {
      deterministic_system d;
      run_under_test run(d.system, store);
      const full_disk full(40'000 + 16'000 * (seed % 24 + 1));
      outcome = run.drive(groups);
    }
    CHECK(outcome.in_order);
    const std::string journal = store.content_of({{"journal", 5}});
    CHECK(journal == expected.after.at(outcome.acknowledged)); // no more and no less than what was said
    failures += outcome.stopped_by ? 1 : 0;
    if (outcome.stopped_by)
      after.insert(outcome.acknowledged);
    // The same readings again, with space: all is there, once.
    deterministic_system d;
    run_under_test again(d.system, store);
    const auto mended = again.drive(groups);
    REQUIRE(!mended.stopped_by);
    CHECK(store.content_of({{"days", 4}, {"summaries", 3}, {"gap_counts", 3}})
          == expected.store.content_of({{"days", 4}, {"summaries", 3}, {"gap_counts", 3}}));
  }
  CHECK(failures * 24 >= runs * 10);
  CHECK(after.size() >= 3); // in several groups, the first among them
}

TEST_CASE("V5 a writer that is killed at any step: nothing is acknowledged that is not durable, and the run ends") {
  std::uint64_t failures = 0;
  const std::uint64_t seeds = soaking() ? 1000 : 24;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    CAPTURE(seed);
    seeded_random random(seed);
    const auto groups = random_groups(random, groups_of_a_run);
    const undisturbed expected(groups);
    const store_fixture store;
    deterministic_system d;
    run_under_test run(d.system, store);
    const std::uint64_t when = random.below(expected.steps * 3 / 4);
    std::uint64_t now = 0;
    run.before_step = [&] {
      if (now++ == when)
        caf::anon_send_exit(run.writer(), caf::exit_reason::kill);
    };
    const auto outcome = run.drive(groups);
    CHECK(outcome.in_order);
    CHECK(store.content_of({{"journal", 5}}) == expected.after.at(outcome.acknowledged));
    failures += outcome.stopped_by ? 1 : 0;
  }
  CHECK(failures == seeds);
}

TEST_CASE("V11 every transformer is killed once while groups are under way on threads: all twins are there again") {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    CAPTURE(seed);
    seeded_random random(seed);
    const auto groups = random_groups(random, 2 * groups_of_a_run);
    const undisturbed expected(groups);
    const store_fixture store;
    system_config config(caf::atom("sharing"));
    caf::actor_system system(config);
    run_under_test run(system, store);
    std::vector<std::pair<std::uint64_t, transformer_index>> kills;
    for (transformer_index t{0}; t.value < transformers_of_a_run; ++t.value)
      kills.emplace_back(random.below(groups.size() - 1), t);
    std::uint64_t done = 0;
    run.before_step = [&] {
      for (auto& [when, t] : kills)
        if (when <= done && run.transformers().handle(t)) {
          run.kill(t);
          when = groups.size() + 1; // once
        }
    };
    run.acknowledged = [&] { ++done; };
    const auto outcome = run.drive(groups);
    REQUIRE(!outcome.stopped_by);
    CHECK(outcome.supervision.transformer_restarts == transformers_of_a_run);
    CHECK(fields_of(outcome.counts) == fields_of(expected.outcome.counts));
    CHECK(result_of(store) == expected.result);
    std::size_t alive = 0;
    for (std::uint32_t c = 0; c < 18; ++c) {
      caf::actor twin;
      run.self()
        ->request(run.transformers().handle({c / 6}), std::chrono::seconds(60), twin_query{c % 6})
        .receive([&](const caf::actor& a) { twin = a; }, [](const caf::error&) {});
      REQUIRE(twin);
      run.self()
        ->request(twin, std::chrono::seconds(60), state_query{})
        .receive(
          [&](const meter_state& s) { alive += s.mpan == run.context().estate->connections[c].mpan.number ? 1 : 0; },
          [](const caf::error&) {});
    }
    CHECK(alive == 18);
  }
}

namespace {

std::atomic<std::int64_t> judged{0};
std::atomic<std::uint32_t> slow_commits{0};

/// Every commit of every connection that is opened while this is there takes its time.
class slow_disk {
public:
  slow_disk() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(slow_down)); }
  ~slow_disk() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(slow_down)); }
  slow_disk(const slow_disk&) = delete;
  slow_disk& operator=(const slow_disk&) = delete;

private:
  static int slow_down(sqlite3* database, const char**, const void*) {
    sqlite3_commit_hook(database, wait, nullptr);
    return SQLITE_OK;
  }
  static int wait(void*) {
    ++slow_commits;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return 0;
  }
};

/// So many readings of a meter's half hours from 2026 on, as an operator has them tried again.
std::vector<kept_letter> letters_of(std::size_t count) {
  std::vector<kept_letter> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    dead_letter& letter = out[i].letter;
    letter.input.source = 1;
    letter.input.line = i + 1;
    letter.input.meter = to_string(test_mpan(i % 18));
    letter.reading.period = {period_at(test_day, 0).number + static_cast<std::int32_t>(i / 18)};
    letter.reading.content = actual_of(5);
    out[i].source = "reads.csv";
  }
  return out;
}

} // namespace

TEST_CASE("V15 a slow store holds back what is judged: groups in flight are bounded, and none is lost") {
  constexpr std::size_t groups = 12;
  const store_fixture store;
  replay_plan plan;
  plan.estate = std::make_shared<const estate>(make_estate(three_transformers()));
  plan.meters = std::make_shared<const meter_index>(plan.estate);
  plan.letters = letters_of(groups * bounds::letters_in_group);
  plan.threads = 2;
  const slow_disk slow;
  const auto binding = store.bind(three_transformers());
  const auto writer = std::make_shared<store_writer>(store.writer(three_transformers(), {"reads.csv"}));
  stored_days days(store.folder());
  auto run = std::make_shared<run_context>();
  run->estate = plan.estate;
  run->topology = std::make_shared<const topology>(binding.topology);
  run->days = &days;
  run->run = writer->run();
  run->assess = [](meter_twin& twin, const reading& r, const connection& meter, const rule_limits& limits) {
    ++judged;
    return twin.assess(r, meter, limits);
  };
  auto stored = list_stored_days(store.folder(), *run->topology);
  REQUIRE(stored);
  judged = 0;
  slow_commits = 0;
  std::int64_t most = 0;
  std::uint64_t durable = 0;
  const replay_driver::progress_function progress = [&](const replay_progress& p) {
    most =
      std::max(most, judged.load() - static_cast<std::int64_t>(durable)); // as it was before this group was durable
    durable = p.readings;
  };
  system_config config(caf::atom("sharing"));
  caf::actor_system system(config);
  replay_outcome outcome;
  {
    replay_driver driver(
      plan, std::move(*stored), run, writer, system, [&] { return list_stored_days(store.folder(), *run->topology); },
      progress);
    outcome = driver.drive();
  }
  REQUIRE(!outcome.stopped_by);
  CHECK(outcome.counts.of(verdict::accepted) == static_cast<std::int64_t>(plan.letters.size()));
  CHECK(outcome.supervision == supervision_tally{});
  CHECK(slow_commits >= groups);
  CHECK(most > static_cast<std::int64_t>(bounds::letters_in_group)); // judging did not wait for every commit
  CHECK(most <= static_cast<std::int64_t>(bounds::groups_in_flight * bounds::letters_in_group));
}

} // namespace gridtwin::testing
