// What the forms of the store cost a reading, there and back, and how many bytes they take, before packing and after.
//   cmake --build --preset release --target encode_bench && build/release/tests/encode_bench

#include "src/store/bytes.hpp"
#include "src/store/journal_section.hpp"
#include "tests/bench/bench_support.hpp"
#include "tests/support/seeded_random.hpp"
#include "tests/support/test_readings.hpp"
#include "twins/bounds.hpp"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin::testing {

namespace {

constexpr std::uint32_t readings_a_transformer = 1024; // a transformer's part of a group

const utc_day some_day{20'513};
constexpr std::uint32_t meters_a_transformer = 200;
constexpr std::int64_t usual_most_wh = 1500;

/// Something that is stored, with its encoder and decoder.
struct form {
  std::string name;
  std::size_t readings = 0; ///< that it holds, or sums up
  std::function<std::string()> encode;
  std::function<std::size_t(std::string_view)> decode; ///< how many readings (of loads: feeders) came back; 0: damaged
  std::size_t expected = 0;                            ///< from `decode`
};

void encode(benchmark::State& state, const form& f) {
  for (auto _ : state)
    benchmark::DoNotOptimize(f.encode());
  set_readings(state, f.readings);
  state.counters["bytes_a_reading"] = static_cast<double>(f.encode().size()) / static_cast<double>(f.readings);
}

void decode(benchmark::State& state, const form& f) {
  const std::string bytes = f.encode();
  for (auto _ : state)
    if (f.decode(bytes) != f.expected)
      state.SkipWithError("not everything came back");
  set_readings(state, f.readings);
}

void pack_form(benchmark::State& state, const form& f) {
  const std::string bytes = f.encode();
  for (auto _ : state)
    benchmark::DoNotOptimize(pack(bytes));
  set_readings(state, f.readings);
  state.counters["bytes_a_reading"] = static_cast<double>(pack(bytes).size()) / static_cast<double>(f.readings);
}

void unpack_form(benchmark::State& state, const form& f) {
  const std::string packed = pack(f.encode());
  for (auto _ : state)
    if (!unpack(packed))
      state.SkipWithError("what was packed is damaged");
  set_readings(state, f.readings);
}

/// The n-th reading's content: of fifty, one an estimate where they are asked for.
content content_of(seeded_random& random, std::size_t n, bool estimates) {
  const std::int64_t wh = random.between<std::int64_t>(0, usual_most_wh);
  return estimates && n % 50 == 0 ? estimate_of(wh) : actual_of(wh);
}

/// A transformer's part of a group: a file by time gives each meter a few half hours, one by meter gives few meters a
/// day or more.
form section(const std::string& name, bool by_meter, bool estimates) {
  auto batch = std::make_shared<reading_batch>();
  auto slots = std::make_shared<std::vector<twin_slot>>();
  seeded_random random(1);
  for (std::uint32_t i = 0; i < meters_a_transformer; ++i)
    slots->push_back({i});
  for (std::uint32_t i = 0; i < readings_a_transformer; ++i) {
    const content c = content_of(random, i, estimates);
    sourced_reading r;
    r.connection = {by_meter ? i / periods_per_day : i % meters_a_transformer};
    r.period = period_at(some_day, static_cast<int>(by_meter ? i % periods_per_day : i / meters_a_transformer));
    r.line = i;
    r.wh = c.wh;
    r.quality = c.quality;
    r.reasons = c.reasons;
    batch->readings.push_back(r);
  }
  const std::size_t count = batch->readings.size();
  return {"section/" + name, count,
          [=] {
            const batch_range all{batch.get(), 0, static_cast<std::uint32_t>(count)};
            return encode_section({&all, 1}, *slots);
          },
          [back = std::make_shared<std::vector<stored_reading>>()](std::string_view bytes) {
            back->clear();
            return decode_section(bytes, *back) ? back->size() : 0;
          },
          count};
}

/// A transformer's day, the first half hours of it.
form fragment(const std::string& name, int half_hours, bool estimates) {
  struct parts {
    std::vector<std::array<std::uint16_t, periods_per_day>> wh;
    std::vector<compact_row> rows;
    std::vector<stored_reading> exceptions;
  };
  auto day = std::make_shared<parts>();
  day->wh.resize(meters_a_transformer);
  seeded_random random(2);
  std::size_t count = 0;
  for (std::uint32_t i = 0; i < meters_a_transformer; ++i) {
    compact_row row{{i}, quantity::active_import, 0, day->wh[i].data()};
    for (int slot = 0; slot < half_hours; ++slot) {
      const content c = content_of(random, count++, estimates);
      if (c.quality != actual) {
        day->exceptions.push_back(
          {{i}, some_day, static_cast<std::uint8_t>(slot), quantity::active_import, 1, c, 0, 0});
        continue;
      }
      row.mask |= std::uint64_t{1} << slot;
      day->wh[i][static_cast<std::size_t>(slot)] = static_cast<std::uint16_t>(c.wh);
    }
    day->rows.push_back(row);
  }
  return {"fragment/" + name, count, [=] { return encode_fragment(day->rows, day->exceptions); },
          [](std::string_view bytes) {
            std::size_t back = 0;
            std::int64_t wh = 0;
            const bool good = decode_fragment(bytes, some_day, [&](const stored_reading& r) {
              ++back;
              wh += r.content.wh;
            });
            benchmark::DoNotOptimize(wh);
            return good ? back : 0;
          },
          count};
}

/// A day of a transformer's feeders.
form loads() {
  constexpr std::uint32_t feeder_count = 4;
  constexpr std::uint32_t meters = meters_a_transformer / feeder_count;
  auto feeders = std::make_shared<std::vector<feeder_day_load>>();
  seeded_random random(3);
  for (std::uint32_t i = 0; i < feeder_count; ++i) {
    feeder_day_load& feeder = feeders->emplace_back();
    feeder.feeder = "F" + std::to_string(i);
    for (half_hour_load& cell : feeder.load)
      cell = {random.between<std::int64_t>(0, usual_most_wh * meters), 0, meters, 1, meters};
  }
  return {"loads", std::size_t{meters_a_transformer} * periods_per_day, [=] { return encode_loads(*feeders); },
          [back = std::make_shared<std::vector<feeder_day_load>>()](std::string_view bytes) {
            return decode_loads(bytes, *back) ? back->size() : 0;
          },
          feeder_count};
}

} // namespace

} // namespace gridtwin::testing

int main(int argc, char** argv) {
  using namespace gridtwin::testing;
  const std::vector<form> forms{section("by_time", false, false),
                                section("by_meter", true, false),
                                section("estimates", false, true),
                                fragment("5_half_hours", 5, false),
                                fragment("whole_day", 48, false),
                                fragment("estimates", 48, true),
                                loads()};
  const std::vector<std::pair<const char*, void (*)(benchmark::State&, const form&)>> ways{
    {"/encode", encode}, {"/decode", decode}, {"/pack", pack_form}, {"/unpack", unpack_form}};
  for (const form& f : forms)
    for (const auto& [way, run] : ways)
      benchmark::RegisterBenchmark((f.name + way).c_str(), run, f)->Unit(benchmark::kMicrosecond);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
