// What hashing costs: a block in each way that the machine has, by the number of messages at once, and a meter's day.
//   cmake --build --preset release --target hash_bench && build/release/tests/hash_bench

#include "tests/bench/bench_support.hpp"
#include "tests/support/test_readings.hpp"
#include "twins/day_tree.hpp"
#include "twins/sha256_lanes.hpp"

#include <string>
#include <vector>

namespace gridtwin::testing {

namespace {

void hash_blocks(benchmark::State& state, sha256_way way) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<sha256_block> blocks(count);
  std::vector<digest> hashes(count);
  for (sha256_block& block : blocks)
    pad_block(block, 47);
  for (auto _ : state) {
    way.blocks(blocks.data(), count, hashes.data());
    benchmark::DoNotOptimize(hashes.data());
    benchmark::ClobberMemory();
  }
  set_time_per(state, "per_block", count);
}

void hash_nodes(benchmark::State& state, sha256_way way) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<digest> children(2 * count);
  std::vector<digest> parents(count);
  for (auto _ : state) {
    way.nodes(children.data(), count, parents.data());
    benchmark::DoNotOptimize(parents.data());
    benchmark::ClobberMemory();
  }
  set_time_per(state, "per_block", 2 * count);
}

/// Days of plain readings, as many together as the argument says.
void hash_meter_days(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  std::vector<meter_day> days(count);
  std::vector<meter_readings> meters;
  for (meter_day& day : days) {
    for (int slot = 0; slot < periods_per_day; ++slot)
      (void)day.offer(slot, 1, actual_of(100 + slot), false);
    meters.push_back({test_mpan(meters.size()), &day});
  }
  std::vector<digest> hashes(count);
  for (auto _ : state) {
    meter_day_hashes({}, {20'000}, quantity::active_import, meters, hashes);
    benchmark::DoNotOptimize(hashes.data());
    benchmark::ClobberMemory();
  }
  set_time_per(state, "per_meter_day", count);
  set_time_per(state, "per_reading", count * periods_per_day);
}

void add_meters(benchmark::State& state) {
  meter_day day;
  for (int slot = 0; slot < periods_per_day; ++slot)
    (void)day.offer(slot, 1, actual_of(100 + slot), false);
  constexpr std::size_t meters = 100;
  for (auto _ : state) {
    day_node_builder builder;
    for (std::size_t i = 0; i < meters; ++i)
      builder.add_meter({}, day);
    benchmark::DoNotOptimize(builder);
  }
  set_time_per(state, "per_reading", meters * periods_per_day);
}

void register_way(const sha256_way& way) {
  for (const int count : {1, 2, 8, 16, 48}) {
    benchmark::RegisterBenchmark((std::string(way.name) + "/blocks").c_str(), hash_blocks, way)->Arg(count);
    benchmark::RegisterBenchmark((std::string(way.name) + "/nodes").c_str(), hash_nodes, way)->Arg(count);
  }
}

} // namespace

} // namespace gridtwin::testing

int main(int argc, char** argv) {
  using namespace gridtwin;
  using namespace gridtwin::testing;
  register_way(sha256_by_library());
  if (const auto way = sha256_by_sha_ni())
    register_way(*way);
  if (const auto way = sha256_by_avx512())
    register_way(*way);
  benchmark::RegisterBenchmark("meter_days", hash_meter_days)->Arg(1)->Arg(2)->Arg(4)->Arg(8)->Arg(16)->Arg(64);
  benchmark::RegisterBenchmark("add_meter", add_meters);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
