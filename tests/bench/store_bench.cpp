// What it takes to make a group durable, and to have days back. The store lies in the folder for temporary files:
// TMPDIR says on which disk. Its days are read from the system's memory of the file, not from the disk.
//   cmake --build --preset release --target store_bench && build/release/tests/store_bench

#define DOCTEST_CONFIG_IMPLEMENT // the fixture's requirements end the program where one does not hold

#include "tests/bench/bench_support.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/store_fixture.hpp"

#include <compare>
#include <map>
#include <string>
#include <vector>

namespace gridtwin::testing {

namespace {

const utc_day first_day{20'513};
constexpr std::uint32_t meters_a_transformer = 200;
constexpr int feeders_a_transformer = 4;
constexpr std::int64_t usual_most_wh = 1500;

/// What a group gives to each of its transformers.
struct shape {
  std::uint32_t transformers = 0;
  std::uint32_t meters = 0; ///< of each
  int days = 0;
  int half_hours = 0;    ///< of each of the days
  bool by_meter = false; ///< the order of the file
  int groups_a_day = 1;  ///< one after the other that bring such half hours of the same days
  auto operator<=>(const shape&) const = default;
};

std::size_t readings_of(const shape& s) {
  return std::size_t{s.transformers} * s.meters * static_cast<std::size_t>(s.days * s.half_hours);
}

std::string transformer_name(std::uint32_t n) { return "T" + std::to_string(10'000 + n); }
std::string feeder_name(int n) { return "F" + std::to_string(n); }

/// One meter a feeder: the estate is bound before the clock runs, and the writer looks nobody up in it.
std::vector<estate_row> estate_of(const shape& s) {
  std::vector<estate_row> rows;
  for (std::uint32_t t = 0; t < s.transformers; ++t)
    for (int f = 0; f < feeders_a_transformer; ++f)
      rows.push_back({transformer_name(t), feeder_name(f), rows.size()});
  return rows;
}

/// A day's loads of all feeders, packed.
std::string loads_of(seeded_random& random, int half_hours) {
  std::vector<feeder_day_load> feeders;
  for (int f = 0; f < feeders_a_transformer; ++f) {
    feeder_day_load& feeder = feeders.emplace_back();
    feeder.feeder = feeder_name(f);
    for (int slot = 0; slot < half_hours; ++slot)
      feeder.load[static_cast<std::size_t>(slot)] = {random.between<std::int64_t>(0, 50 * usual_most_wh), 0, 50, 0, 50};
  }
  return pack(encode_loads(feeders));
}

/// A group, judged and encoded, of a file by time or by meter: as the shape says.
const group_commit& group_of(const shape& s) {
  static std::map<shape, group_commit> known;
  const auto [at, fresh] = known.try_emplace(s);
  if (!fresh)
    return at->second;
  seeded_random random(1);
  for (std::uint32_t t = 0; t < s.transformers; ++t) {
    std::vector<stored_reading> readings;
    const std::uint32_t periods = static_cast<std::uint32_t>(s.days * s.half_hours);
    for (std::uint32_t n = 0; n < s.meters * periods; ++n) {
      const int p = static_cast<int>(s.by_meter ? n % periods : n / s.meters);
      stored_reading r;
      r.twin = {s.by_meter ? n / periods : n % s.meters};
      r.day = {first_day.number + p / s.half_hours};
      r.slot = static_cast<std::uint8_t>(p % s.half_hours);
      r.content = actual_of(random.between<std::int64_t>(0, usual_most_wh));
      r.source = 1;
      r.line = 2 + (std::uint64_t{n / s.meters} * s.transformers + t) * s.meters + n % s.meters;
      readings.push_back(r);
    }
    transformer_commit c = commit_of({t}, shard_of(transformer_name(t)), readings);
    for (day_commit& day : c.days)
      day.loads = loads_of(random, s.half_hours);
    at->second.transformers.push_back(std::move(c));
  }
  return at->second;
}

/// The same readings, of later days: but for the journal, whose sections stay as they are and take as many bytes.
void move_on(group_commit& group, int days) {
  for (transformer_commit& t : group.transformers)
    for (day_commit& day : t.days)
      day.day.number += days;
}

/// One transaction an iteration; the file grows as that of a replay does.
void commit(benchmark::State& state, const shape& s) {
  const store_fixture store;
  store_writer writer = store.writer(estate_of(s), {"bench"});
  group_commit group = group_of(s);
  REQUIRE(writer.commit(group)); // with it the estate is bound
  int groups = 1;
  for (auto _ : state) {
    if (++groups % s.groups_a_day == 0) {
      state.PauseTiming();
      move_on(group, s.days);
      state.ResumeTiming();
    }
    if (auto done = writer.commit(group); !done)
      state.SkipWithError(done.failure().message.c_str());
  }
  set_readings(state, readings_of(s));
  REQUIRE(writer.close());
  const auto bytes = std::filesystem::file_size(store.path() / "gridtwin.db");
  state.counters["bytes_a_reading"] = static_cast<double>(bytes) / (groups * static_cast<double>(readings_of(s)));
}

/// A day of every transformer an iteration, whole or in as many fragments as groups have brought it.
void load(benchmark::State& state, int fragments) {
  const shape s{100, meters_a_transformer, 1, periods_per_day / fragments};
  const store_fixture store;
  {
    store_writer writer = store.writer(estate_of(s), {"bench"});
    for (int i = 0; i < fragments; ++i) // the same half hours again are readings as good as others
      REQUIRE(writer.commit(group_of(s)));
    REQUIRE(writer.close());
  }
  store_reader reader = store.reader();
  const std::size_t expected = readings_of(s) * static_cast<std::size_t>(fragments);
  for (auto _ : state) {
    std::size_t readings = 0;
    std::int64_t wh = 0;
    for (std::uint32_t t = 0; t < s.transformers; ++t)
      if (!reader.load({t}, first_day, [&](const stored_reading& r, const fragment_origin&) {
            ++readings;
            wh += r.content.wh;
          }))
        state.SkipWithError("a day cannot be read");
    benchmark::DoNotOptimize(wh);
    if (readings != expected)
      state.SkipWithError("not every reading came back");
  }
  set_readings(state, expected);
}

struct named_shape {
  const char* name = "";
  shape of;
};
const named_shape shapes[] = {
  {"commit/by_time/70_transformers", {70, meters_a_transformer, 1, 5, false, 10}}, // the least that fills a group
  {"commit/by_time/1000_transformers", {1000, meters_a_transformer, 1, 5, false, 10}},
  {"commit/by_meter/1_transformer_365_days", {1, 4, 365, periods_per_day, true, 50}},
};

} // namespace

} // namespace gridtwin::testing

int main(int argc, char** argv) {
  using namespace gridtwin::testing;
  doctest::Context context;
  context.setAsDefaultForAssertsOutOfTestCases();
  for (const auto& [name, of] : shapes)
    benchmark::RegisterBenchmark(name, commit, of)->Unit(benchmark::kMillisecond)->UseRealTime();
  for (const int fragments : {1, 12})
    benchmark::RegisterBenchmark(("load/fragments:" + std::to_string(fragments)).c_str(), load, fragments)
      ->Unit(benchmark::kMillisecond)
      ->UseRealTime();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
