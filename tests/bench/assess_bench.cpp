// What a twin takes to judge a reading, by what the reading comes to, and what its feeder takes to sum it up.
//   cmake --build --preset release --target assess_bench && build/release/tests/assess_bench

#include "tests/bench/bench_support.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/test_readings.hpp"
#include "twins/load.hpp"
#include "twins/meter_twin.hpp"

#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin::testing {

namespace {

const utc_day some_day{20'513};
const rule_limits limits;

assessment judge(meter_twin& twin, const reading& r, const connection& c) { return twin.assess(r, c, limits); }

/// Meters of the usual kind and their twins, with the order in which readings come to them: none, so that memory is
/// asked for what the processor cannot guess.
struct some_twins {
  explicit some_twins(std::size_t count) : meters(count), twins(count), order(count) {
    for (std::size_t i = 0; i < count; ++i)
      meters[i].mpan = test_mpan(i);
    std::iota(order.begin(), order.end(), 0U);
    seeded_random(1).shuffle(order);
  }

  /// Calls `f(twin, reading, meter)` for every half hour of a day and twin, half hour by half hour; the same ones
  /// whenever it is asked.
  template <class F>
  void each(const content& like, F&& f) {
    for (int slot = 0; slot < periods_per_day; ++slot)
      for (const std::uint32_t i : order) {
        const reading r{
          quantity::active_import, period_at(some_day, slot), 1, {like.wh + slot, like.quality, like.reasons}};
        f(twins[i], r, meters[i]);
      }
  }
  void forget() {
    for (meter_twin& twin : twins)
      (void)twin.release_all();
  }
  std::size_t readings_a_day() const { return twins.size() * periods_per_day; }

  std::vector<connection> meters;
  std::vector<meter_twin> twins;
  std::vector<std::uint32_t> order;
};

/// What is offered to the twins, and what each of them must answer.
struct offer {
  const char* name;
  content like;
  verdict expected;
};

const offer first_usual{"first", actual_of(300), verdict::accepted};
const offer first_estimate{"estimate", estimate_of(300), verdict::accepted};
const offer again{"duplicate", actual_of(300), verdict::duplicate};
const offer refused{"over_maximum", actual_of(60'001), verdict::over_maximum};

/// A day of readings to twins that hold nothing of it, or hold all of it already.
void assess(benchmark::State& state, const offer& o) {
  some_twins t(static_cast<std::size_t>(state.range(0)));
  const bool known = o.expected == verdict::duplicate;
  if (known)
    t.each(o.like, [](meter_twin& twin, const reading& r, const connection& c) { (void)judge(twin, r, c); });
  std::size_t expected = 0;
  for (auto _ : state) {
    t.each(o.like, [&](meter_twin& twin, const reading& r, const connection& c) {
      expected += judge(twin, r, c).verdict == o.expected ? 1 : 0;
    });
    if (known)
      continue;
    state.PauseTiming();
    t.forget();
    state.ResumeTiming();
  }
  if (expected != state.iterations() * t.readings_a_day())
    state.SkipWithError("not every reading came to what it should");
  set_time_per(state, "per_reading", t.readings_a_day());
}

/// The host's way for the usual reading of a usual meter: no look at the meter.
void record_usual(benchmark::State& state) {
  some_twins t(static_cast<std::size_t>(state.range(0)));
  std::size_t accepted = 0;
  for (auto _ : state) {
    for (meter_twin& twin : t.twins) // which is for a day that is begun
      (void)twin.record({quantity::active_import, period_at(some_day, 0), 1, first_usual.like});
    t.each(first_usual.like, [&](meter_twin& twin, const reading& r, const connection&) {
      if (usual_content_stands(r.content, limits))
        accepted += twin.record_usual(r.period.day(), r.period.slot(), r.content.wh) ? 1 : 0;
    });
    state.PauseTiming();
    t.forget();
    state.ResumeTiming();
  }
  if (accepted != state.iterations() * (t.readings_a_day() - t.twins.size()))
    state.SkipWithError("not every reading was accepted");
  set_time_per(state, "per_reading", t.readings_a_day());
}

void ask_rules(benchmark::State& state, const content& like) {
  some_twins t(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    std::size_t broken = 0;
    t.each(like, [&](meter_twin&, const reading& r, const connection& c) {
      broken += broken_rule(r, c, limits) ? 1 : 0;
      benchmark::DoNotOptimize(broken);
    });
    if (broken != 0)
      state.SkipWithError("a rule objects");
  }
  set_time_per(state, "per_reading", t.readings_a_day());
}

/// All that a meter gives to a half hour: from its compact part, or from what stands beside it.
void sum_half_hours(benchmark::State& state, const content& like) {
  some_twins t(static_cast<std::size_t>(state.range(0)));
  t.each(like, [](meter_twin& twin, const reading& r, const connection& c) { (void)judge(twin, r, c); });
  day_load sum{};
  for (auto _ : state) {
    t.each(like, [&](meter_twin& twin, const reading& r, const connection&) {
      const int slot = r.period.slot();
      sum[static_cast<std::size_t>(slot)] += half_hour_of(twin, some_day, slot);
    });
    benchmark::DoNotOptimize(sum);
  }
  if (sum[0].reported != static_cast<std::uint32_t>(state.iterations() * t.twins.size()))
    state.SkipWithError("not every meter has reported");
  set_time_per(state, "per_reading", t.readings_a_day());
}

void sum_first_imports(benchmark::State& state) {
  some_twins t(static_cast<std::size_t>(state.range(0)));
  day_load sum{};
  for (auto _ : state) {
    t.each(first_usual.like, [&](meter_twin&, const reading& r, const connection&) {
      add_first_import(sum[static_cast<std::size_t>(r.period.slot())], r.content.wh);
      benchmark::ClobberMemory(); // or all of a half hour would be one multiplication
    });
    benchmark::DoNotOptimize(sum);
  }
  set_time_per(state, "per_reading", t.readings_a_day());
}

template <class... Arguments>
void add(const std::string& name, Arguments&&... rest) {
  benchmark::RegisterBenchmark(name.c_str(), std::forward<Arguments>(rest)...)
    ->Arg(200)
    ->Arg(20'000)
    ->Unit(benchmark::kMicrosecond);
}

} // namespace

} // namespace gridtwin::testing

int main(int argc, char** argv) {
  using namespace gridtwin::testing;
  for (const offer& o : {first_usual, again, refused, first_estimate})
    add(std::string("assess/") + o.name, assess, o);
  add("record/first", record_usual);
  add("broken_rule/actual", ask_rules, first_usual.like);
  add("broken_rule/estimate", ask_rules, first_estimate.like);
  add("half_hour_of/actual", sum_half_hours, first_usual.like);
  add("half_hour_of/estimate", sum_half_hours, first_estimate.like);
  add("add_first_import", sum_first_imports);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
