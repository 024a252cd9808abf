// Which of CAF's schedulers feeds transformers best: one actor sends every transformer a batch a round and waits for
// all answers, with the twins' rules on and no disk. Prints a line a policy and size.
//   cmake --build --preset release --target scheduler_bench && build/release/tests/scheduler_bench [TRANSFORMERS]
//   [ROUNDS]

#include "src/process/clock.hpp"
#include "tests/support/actor_fixture.hpp"

#include <cstdio>
#include <cstdlib>

namespace gridtwin::testing {

namespace {

constexpr std::uint32_t meters_a_transformer = 200;

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void measure(const char* policy, std::uint32_t transformers, int rounds) {
  memory_days days;
  system_config config(caf::atom_from_string(policy));
  caf::actor_system system(config);
  caf::scoped_actor self(system);
  std::vector<std::shared_ptr<run_context>> runs;
  std::vector<caf::actor> hosts;
  for (std::uint32_t i = 0; i < transformers; ++i) {
    runs.push_back(run_of(small_estate(meters_a_transformer), days));
    hosts.push_back(
      system.spawn(transformer, transformer_options{runs.back(), {0}, caf::actor_cast<caf::actor>(self), {}, {}}));
  }
  std::vector<double> rates;
  for (int round = 0; round < rounds; ++round) {
    std::vector<row> rows;
    for (std::uint32_t m = 0; m < meters_a_transformer; ++m)
      rows.push_back({m, round % 48, 100 + round});
    std::vector<std::shared_ptr<reading_group>> groups;
    while (groups.size() < hosts.size())
      groups.push_back(group_of(static_cast<std::uint64_t>(round + 1), rows));
    const std::int64_t begin = monotonic_ms();
    for (std::size_t i = 0; i < hosts.size(); ++i)
      self->send(hosts[i], assess_group{groups[i]});
    for (std::uint32_t i = 0; i < transformers; ++i)
      self->receive([](const group_assessed&) {});
    const auto elapsed = static_cast<double>(std::max<std::int64_t>(monotonic_ms() - begin, 1));
    rates.push_back(transformers * static_cast<double>(meters_a_transformer) / elapsed / 1000);
    for (const auto& run : runs)
      run->committed_group = static_cast<std::uint64_t>(round + 1);
  }
  std::printf("%-9s %6u transformers %9u meters: median %.2f, least %.2f M readings/s\n", policy, transformers,
              transformers * meters_a_transformer, median(rates), *std::min_element(rates.begin(), rates.end()));
  for (const caf::actor& host : hosts)
    caf::anon_send_exit(host, caf::exit_reason::user_shutdown);
}

} // namespace

} // namespace gridtwin::testing

int main(int argc, char** argv) {
  const auto transformers = static_cast<std::uint32_t>(argc > 1 ? std::atoi(argv[1]) : 5000);
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 11;
  for (const char* policy : {"sharing", "stealing"})
    gridtwin::testing::measure(policy, transformers, rounds);
}
