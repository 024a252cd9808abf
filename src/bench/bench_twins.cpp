#include "src/bench/bench_twins.hpp"

#include "src/bench/round_conductor.hpp"
#include "src/bench/twin_rounds.hpp"
#include "src/commands/terminal.hpp"
#include "src/process/interrupt.hpp"
#include "src/process/resident_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

constexpr std::string_view bench_twins_command = "bench twins";
constexpr std::size_t most_single_readings = 20'000;

struct measurement {
  std::vector<std::int64_t> rounds_us; ///< in the order in which they ran
  std::uint64_t intervals = 0;         ///< a round
  std::int64_t spawn_us = 0;
  std::uint64_t resident = 0;
  std::vector<std::int64_t> single_us; ///< what single readings took, sorted; by handle only
};

std::uint64_t per_second(std::uint64_t intervals, std::int64_t us) {
  return intervals * 1'000'000 / static_cast<std::uint64_t>(std::max<std::int64_t>(us, 1));
}

std::int64_t median(std::vector<std::int64_t> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// The value that so many of a hundred do not exceed. `sorted`: not empty.
std::int64_t percentile(const std::vector<std::int64_t>& sorted, std::size_t of_hundred) {
  return sorted[(sorted.size() * of_hundred + 99) / 100 - 1];
}

error miscounted() {
  return {errc::store_failed, "the twins did not accept what they were sent: a defect of gridtwin"};
}

result<measurement> measure(const bench_twins_options& o, std::size_t threads, const microsecond_clock& now) {
  measurement out;
  const delivery_path path = o.path == "handle" ? delivery_path::handle : delivery_path::group;
  bench_system_options config(threads);
  caf::actor_system system(config);
  const std::int64_t begin = now();
  twin_rounds rounds(system, o.estate);
  rounds.spawn(path);
  out.spawn_us = now() - begin;
  out.intervals = rounds.intervals();
  for (std::uint32_t round = 0; round < o.rounds; ++round) {
    if (interrupted())
      return error{errc::interrupted, "interrupted after " + std::to_string(round) + " rounds"};
    const std::int64_t round_begin = now();
    if (!rounds.run_round(path))
      return miscounted();
    out.rounds_us.push_back(now() - round_begin);
  }
  out.resident = resident_bytes();
  if (path == delivery_path::handle) {
    auto took = rounds.time_single_readings(most_single_readings, now);
    if (!took)
      return miscounted();
    std::sort(took->begin(), took->end());
    out.single_us = std::move(*took);
  }
  return out;
}

std::string to_json(const bench_twins_options& o, std::size_t threads, const measurement& m) {
  const auto [least, most] = std::minmax_element(m.rounds_us.begin(), m.rounds_us.end());
  const std::string single =
    m.single_us.empty() ? std::string()
                        : fmt::format(",\"single_readings\":{},\"single_p50_us\":{},\"single_p99_us\":{}",
                                      m.single_us.size(), percentile(m.single_us, 50), percentile(m.single_us, 99));
  return fmt::format("{{\"meters\":{},\"rounds\":{},\"threads\":{},\"path\":\"{}\",\"intervals_per_s\":{},"
                     "\"best_intervals_per_s\":{},\"worst_intervals_per_s\":{},\"round_s\":{},\"bytes_per_twin\":{},"
                     "\"spawn_s\":{}{}}}\n",
                     o.estate.meters, o.rounds, threads, o.path, per_second(m.intervals, median(m.rounds_us)),
                     per_second(m.intervals, *least), per_second(m.intervals, *most),
                     format_seconds(median(m.rounds_us) / 1000), m.resident / o.estate.meters,
                     format_seconds(m.spawn_us / 1000), single);
}

std::string to_text(const bench_twins_options& o, std::size_t threads, const measurement& m) {
  const auto [least, most] = std::minmax_element(m.rounds_us.begin(), m.rounds_us.end());
  const std::string single =
    m.single_us.empty()
      ? std::string()
      : fmt::format("  one reading alone, until an answer that comes behind it is here: {} us, of a hundred 99 within "
                    "{} us ({} readings)\n",
                    percentile(m.single_us, 50), percentile(m.single_us, 99), with_thousands(m.single_us.size()));
  return fmt::format("{} meters{}, {} a feeder, {} a transformer; {} threads; readings {}\n"
                     "  {} readings a second (median of {} rounds; best {}, worst {})\n"
                     "  {} bytes a twin, all of the process's resident memory told\n"
                     "  {} s to make them\n{}",
                     with_thousands(o.estate.meters), o.estate.exports ? " with export" : "", o.estate.meters_a_feeder,
                     o.estate.meters_a_transformer, threads,
                     o.path == "handle" ? "one by one to the twins' handles" : "in groups by their transformers",
                     with_thousands(per_second(m.intervals, median(m.rounds_us))), o.rounds,
                     with_thousands(per_second(m.intervals, *least)), with_thousands(per_second(m.intervals, *most)),
                     m.resident / o.estate.meters, format_seconds(m.spawn_us / 1000), single);
}

} // namespace

int run_bench_twins(const bench_twins_options& options, const microsecond_clock& now) {
  catch_interrupts();
  const std::size_t threads =
    options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  if (options.estate.meters_a_transformer % options.estate.meters_a_feeder != 0)
    return report_failure(bench_twins_command,
                          {errc::usage, "--meters-a-transformer must be a multiple of --meters-a-feeder"});
  const auto measured = measure(options, threads, now);
  if (!measured)
    return report_failure(bench_twins_command, measured.failure());
  return print_result(bench_twins_command,
                      options.json ? to_json(options, threads, *measured) : to_text(options, threads, *measured));
}

} // namespace gridtwin
