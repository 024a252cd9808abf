#include "src/bench/bench_restarts.hpp"

#include "src/bench/restart_rounds.hpp"
#include "src/commands/terminal.hpp"
#include "src/process/interrupt.hpp"
#include "src/process/resident_memory.hpp"
#include "src/replay/actor_system_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>

namespace gridtwin {

namespace {

constexpr std::string_view bench_restarts_command = "bench restarts";

struct restart_measurement {
  std::int64_t back_us = 0; ///< from the first kill until all killed at once have answered
  std::uint64_t restarts = 0;
  std::int64_t restarts_us = 0;
  std::uint64_t resident_first = 0; ///< after the first tenth of the restarts
  std::uint64_t resident_last = 0;
};

/// A folder for the store, gone with all that is in it.
class passing_folder {
public:
  passing_folder() : path_((std::filesystem::temp_directory_path() / "gridtwin-bench-XXXXXX").string()) {
    made_ = ::mkdtemp(path_.data()) != nullptr;
  }
  ~passing_folder() {
    std::error_code ignored;
    if (made_)
      std::filesystem::remove_all(path_, ignored);
  }
  passing_folder(const passing_folder&) = delete;
  passing_folder& operator=(const passing_folder&) = delete;
  bool made() const noexcept { return made_; }
  const std::string& path() const noexcept { return path_; }

private:
  std::string path_;
  bool made_ = false;
};

/// Kills the twins whose handles are known, and waits until all answer as before.
result<void> kill_and_ask(restart_rounds& rounds) {
  if (interrupted())
    return error{errc::interrupted, "interrupted"};
  rounds.kill();
  return rounds.ask();
}

result<void> measure(restart_rounds& rounds, const bench_restarts_options& o, const microsecond_clock& now,
                     restart_measurement& out) {
  if (auto filled = rounds.fill(); !filled)
    return filled;
  if (auto found = rounds.find_handles(o.kills); !found)
    return found;
  const std::int64_t killed = now();
  if (auto back = kill_and_ask(rounds); !back)
    return back;
  out.back_us = now() - killed;
  if (auto judged = rounds.offer_again(); !judged)
    return judged;
  const std::int64_t begin = now();
  while (out.restarts < o.restarts) {
    if (auto back = kill_and_ask(rounds); !back)
      return back;
    if (auto judged = rounds.offer_again(); !judged)
      return judged;
    out.restarts += o.kills;
    if (out.resident_first == 0 && out.restarts * 10 >= o.restarts)
      out.resident_first = resident_bytes();
  }
  out.restarts_us = now() - begin;
  out.resident_last = resident_bytes();
  if (rounds.supervision().twins.restarts[index_of(death_reason::killed)] != out.restarts + o.kills)
    return error{errc::store_failed,
                 "the restarts that were counted are not those that there were: a defect of gridtwin"};
  return {};
}

std::uint64_t per_second(const restart_measurement& m) {
  return m.restarts * 1'000'000 / static_cast<std::uint64_t>(std::max<std::int64_t>(m.restarts_us, 1));
}

std::string to_json(const bench_restarts_options& o, std::size_t threads, const restart_measurement& m) {
  return fmt::format("{{\"meters\":{},\"kills\":{},\"half_hours\":{},\"threads\":{},\"all_back_s\":{},\"restarts\":{},"
                     "\"restarts_per_s\":{},\"rss_first_bytes\":{},\"rss_last_bytes\":{}}}\n",
                     o.estate.meters, o.kills, o.half_hours, threads, format_seconds(m.back_us / 1000), m.restarts,
                     per_second(m), m.resident_first, m.resident_last);
}

std::string to_text(const bench_restarts_options& o, std::size_t threads, const restart_measurement& m) {
  std::string out = fmt::format("{} meters, {} a transformer, {} half hours each in a store; {} threads\n"
                                "  {} twins killed at once: all rebuilt from the store and answering after {} s\n",
                                with_thousands(o.estate.meters), o.estate.meters_a_transformer, o.half_hours, threads,
                                with_thousands(o.kills), format_seconds(m.back_us / 1000));
  if (m.restarts != 0)
    out += fmt::format("  {} more restarts: {} a second; {} MiB of memory after the first tenth, {} MiB at the end\n",
                       with_thousands(m.restarts), with_thousands(per_second(m)), m.resident_first >> 20,
                       m.resident_last >> 20);
  return out;
}

} // namespace

int run_bench_restarts(const bench_restarts_options& options, const microsecond_clock& now) {
  catch_interrupts();
  bench_restarts_options o = options;
  const std::size_t threads = o.threads != 0 ? o.threads : std::max(1U, std::thread::hardware_concurrency());
  if (o.estate.meters_a_transformer % o.estate.meters_a_feeder != 0)
    return report_failure(bench_restarts_command,
                          {errc::usage, "--meters-a-transformer must be a multiple of --meters-a-feeder"});
  if (o.kills > o.estate.meters)
    return report_failure(bench_restarts_command, {errc::usage, "--kills must not be more than --meters"});
  if (o.kills == 0)
    o.kills = o.estate.meters;
  const passing_folder folder;
  if (!folder.made())
    return report_failure(bench_restarts_command,
                          {errc::store_unusable, "no folder can be made in the folder for temporary files"});
  restart_measurement m;
  actor_system_options config(threads);
  caf::actor_system system(config);
  auto rounds = restart_rounds::make(system, o.estate, o.half_hours, folder.path());
  if (!rounds)
    return report_failure(bench_restarts_command, rounds.failure());
  if (auto measured = measure(**rounds, o, now, m); !measured)
    return report_failure(bench_restarts_command, measured.failure());
  return print_result(bench_restarts_command, o.json ? to_json(o, threads, m) : to_text(o, threads, m));
}

} // namespace gridtwin
