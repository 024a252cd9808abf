// What decoding costs a row, grouping by transformer included; the copy of each block that a decoder uses up is not
// counted.
//   cmake --build --preset release --target decode_bench && build/release/tests/decode_bench

#include "src/ingest/estate_files.hpp"
#include "src/ingest/row_decoder.hpp"
#include "tests/support/seeded_random.hpp"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <functional>
#include <map>
#include <numeric>

namespace gridtwin::testing {

namespace {

constexpr std::size_t rows_read = 1'600'000;
constexpr std::size_t block_bytes = std::size_t{1} << 20;
constexpr std::size_t half_hours_a_meter = 1000;
constexpr std::int64_t first_end_s = 1'772'325'000; // 2026-03-01T00:30:00Z

mpan mpan_of(std::size_t meter) {
  const std::uint64_t first_twelve = 120'000'000'000 + meter;
  return {first_twelve * 10 + static_cast<std::uint64_t>(check_digit(first_twelve))};
}

/// Meters of which 200 hang on a transformer, numbered in the estate's order.
estate_texts estate_of(std::size_t meters) {
  estate_texts t{"transformer_id,rating_kva,gsp_group\n", "transformer_id,feeder_id\n",
                 "mpan,transformer_id,feeder_id,supplier_mpid,market_segment,connection_type,domestic,energisation\n"};
  for (std::size_t i = 0; i < meters; ++i) {
    const std::string transformer = "T" + std::to_string(10'000 + i / 200);
    if (i % 200 == 0)
      t.transformers += transformer + ",500,_A\n";
    if (i % 50 == 0)
      t.feeders += transformer + ",F" + std::to_string(i % 200 / 50) + "\n";
    t.meters += to_string(mpan_of(i)) + "," + transformer + ",F" + std::to_string(i % 200 / 50) + ",ABCD,S,W,T,E\n";
  }
  return t;
}

const std::shared_ptr<const meter_index>& index_of(std::size_t meters) {
  static std::map<std::size_t, std::shared_ptr<const meter_index>> known;
  auto& index = known[meters];
  if (index)
    return index;
  auto parsed = parse_estate(estate_of(meters), "bench");
  if (!parsed)
    std::abort();
  return index = std::make_shared<const meter_index>(std::make_shared<const estate>(std::move(*parsed)));
}

/// Reads, checks and sorts an estate.
void read_estate(benchmark::State& state) {
  const estate_texts texts = estate_of(1'000'000);
  for (auto step : state)
    if (!parse_estate(texts, "bench"))
      state.SkipWithError("the estate is broken");
}

enum class row_order { by_meter, by_time, by_time_shuffled };

struct shape {
  const char* name;
  row_order order;
  std::size_t meters;
  const char* header;
  std::function<std::string(const std::string& meter, std::int64_t end_s, const std::string& value)> row;
  const char* zone = "UTC";
};

std::vector<std::string> blocks_of(const shape& s) {
  std::vector<std::size_t> order(s.meters);
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (s.order == row_order::by_time_shuffled)
    seeded_random(1).shuffle(order);
  std::vector<std::string> blocks(1);
  for (std::size_t i = 0; i < rows_read; ++i) {
    const bool by_meter = s.order == row_order::by_meter;
    const std::size_t meter = by_meter ? i / half_hours_a_meter : order[i % s.meters];
    const auto half_hour = static_cast<std::int64_t>(by_meter ? i % half_hours_a_meter : i / s.meters);
    const std::string value = std::to_string(i % 7 % 2) + "." + std::to_string(1000 + i * 7 % 1000).substr(1);
    blocks.back() += s.row(to_string(mpan_of(meter)), first_end_s + half_hour * seconds_per_period, value);
    if (blocks.back().size() >= block_bytes)
      blocks.emplace_back();
  }
  return blocks;
}

void decode(benchmark::State& state, const shape& s) {
  format_profile profile = *built_in_profile("generic");
  profile.zone = s.zone;
  const auto decoder = row_decoder::make(profile, s.header, index_of(s.meters), {});
  if (!decoder)
    std::abort();
  const auto blocks = blocks_of(s);
  std::size_t readings = 0;
  for (auto _ : state) {
    for (const std::string& block : blocks) {
      state.PauseTiming();
      std::string text = block;
      state.ResumeTiming();
      decoded_block decoded = decoder->decode(std::move(text));
      readings += decoded.batch.readings.size();
      benchmark::DoNotOptimize(decoded);
    }
  }
  if (readings != state.iterations() * rows_read)
    state.SkipWithError("not every row is a reading");
  state.counters["row"] =
    benchmark::Counter(static_cast<double>(readings),
                       benchmark::Counter::kIsRate | benchmark::Counter::kInvert); // seconds: "29n" is 29 ns
}

std::string plain(const std::string& meter, std::int64_t end_s, const std::string& value) {
  return meter + "," + format_instant(end_s) + "," + value + "\n";
}
std::string with_quantity(const std::string& meter, std::int64_t end_s, const std::string& value) {
  return meter + ",AI," + format_instant(end_s) + "," + value + "\n";
}
std::string quoted(const std::string& meter, std::int64_t end_s, const std::string& value) {
  return "\"" + meter + "\",\"" + format_instant(end_s) + "\",\"" + value + "\"\n";
}
std::string local(const std::string& meter, std::int64_t end_s, const std::string& value) {
  return meter + "," + format_instant(end_s).substr(0, 19) + "," + value + "\n";
}

const shape shapes[] = {
  {"by_meter/200k", row_order::by_meter, 200'000, "mpan,period_end,kwh", plain},
  {"by_time/200k", row_order::by_time, 200'000, "mpan,period_end,kwh", plain},
  {"by_time/1M", row_order::by_time, 1'000'000, "mpan,period_end,kwh", plain},
  {"by_time_shuffled/200k", row_order::by_time_shuffled, 200'000, "mpan,period_end,kwh", plain},
  {"by_time_shuffled/1M", row_order::by_time_shuffled, 1'000'000, "mpan,period_end,kwh", plain},
  {"quantity_column/by_meter/200k", row_order::by_meter, 200'000, "mpan,quantity,period_end,kwh", with_quantity},
  {"quoted/by_meter/200k", row_order::by_meter, 200'000, "mpan,period_end,kwh", quoted},
  {"quoted/by_time/200k", row_order::by_time, 200'000, "mpan,period_end,kwh", quoted},
  {"london/by_meter/200k", row_order::by_meter, 200'000, "mpan,period_end,kwh", local, "Europe/London"},
  {"london/by_time/200k", row_order::by_time, 200'000, "mpan,period_end,kwh", local, "Europe/London"},
};

} // namespace

} // namespace gridtwin::testing

int main(int argc, char** argv) {
  for (const auto& s : gridtwin::testing::shapes)
    benchmark::RegisterBenchmark(s.name, [&s](benchmark::State& state) {
      gridtwin::testing::decode(state, s);
    })->Unit(benchmark::kMillisecond);
  benchmark::RegisterBenchmark("estate/1M", gridtwin::testing::read_estate)->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
