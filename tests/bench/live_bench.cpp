// What a live run takes in without a network: submissions offered by threads of this process, judged, durable,
// answered.
//
//     live_bench [METERS] [DAYS] [FORM]    FORM: day (48 half hours of a meter after one another) or half-hour (one of
//     each meter)
//
// Prints readings a second, and how long an answer took: p50, p99. The store is in the folder for temporary files.

#include "src/process/clock.hpp"
#include "src/replay/replay_run.hpp"
#include "src/store/store_folder.hpp"
#include "twins/day_tree.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace gridtwin;

namespace {

constexpr utc_day first_day{20'513};
constexpr std::uint32_t meters_a_transformer = 200;
constexpr std::size_t meters_a_submission = 200;
constexpr int under_way_most = 64;

std::shared_ptr<const estate> estate_of(std::uint32_t meters) {
  auto out = std::make_shared<estate>();
  for (std::uint32_t m = 0; m < meters; ++m) {
    if (m % meters_a_transformer == 0) {
      transformer_info t;
      t.id = "T" + std::to_string(10'000'000 + m / meters_a_transformer);
      t.rating_va = 500'000;
      out->transformers.push_back(std::move(t));
      out->feeders.push_back({{m / meters_a_transformer}, "F1", {}});
    }
    connection c;
    const std::uint64_t core = 120'000'000'000 + m;
    c.mpan = {core * 10 + static_cast<std::uint64_t>(check_digit(core))};
    c.feeder = {m / meters_a_transformer};
    out->connections.push_back(c);
  }
  return out;
}

} // namespace

int main(int argc, char** argv) {
  const auto meters = static_cast<std::uint32_t>(argc > 1 ? std::stoul(argv[1]) : 20'000);
  const int days = argc > 2 ? std::stoi(argv[2]) : 5;
  const bool by_day = argc <= 3 || std::string(argv[3]) == "day";
  const std::filesystem::path store = std::filesystem::temp_directory_path() / ("live_bench" + std::to_string(meters));
  std::filesystem::remove_all(store);
  auto folder = store_folder::for_writing(store);
  if (!folder)
    return std::fprintf(stderr, "%s\n", folder.failure().message.c_str()), 1;
  replay_plan plan;
  plan.estate = estate_of(meters);
  plan.meters = std::make_shared<const meter_index>(plan.estate);
  plan.estate_files =
    std::make_shared<const estate_bytes>(estate_bytes{"live_bench", "live_bench", std::to_string(meters), {}});
  plan.options_text = "{}";
  plan.threads = std::max(1U, std::thread::hardware_concurrency());
  submission_feed feed(2'000'000);
  std::atomic<bool> over{false};
  plan.live = live_turn{&feed, [&over] { return over.load(); }};

  std::vector<std::int64_t> took;
  std::uint64_t accepted = 0;
  std::int64_t elapsed_us = 0;
  std::thread sending([&] {
    std::mutex mutex;
    std::condition_variable changed;
    int under_way = 0;
    const std::int64_t begin = monotonic_us();
    std::uint64_t number = 1;
    const auto offer = [&](submission s) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return under_way < under_way_most; });
      ++under_way;
      lock.unlock();
      const std::int64_t at = monotonic_us();
      const auto answered = [&, at](std::vector<submission_answer> answers) {
        const std::lock_guard held(mutex);
        for (const submission_answer& a : answers)
          accepted += a.kind == answer_kind::accepted ? 1 : 0;
        took.push_back(monotonic_us() - at);
        --under_way;
        changed.notify_one();
      };
      while (!feed.offer(s, answered))
        std::this_thread::yield();
    };
    const int turns = by_day ? days : days * periods_per_day;
    for (int turn = 0; turn < turns; ++turn)
      for (std::uint32_t first = 0; first < meters; first += meters_a_submission) {
        submission s{"urn:gridtwin:device:bench", number, {}};
        for (std::uint32_t m = first; m < std::min<std::uint32_t>(first + meters_a_submission, meters); ++m)
          for (int slot = 0; slot < (by_day ? periods_per_day : 1); ++slot) {
            submitted_reading r;
            r.meter = plan.estate->connections[m].mpan;
            r.period = by_day ? period_at({first_day.number + turn}, slot)
                              : period{first_day.number * periods_per_day + 1 + turn};
            r.content.wh = (m * 7 + static_cast<unsigned>(turn * 13 + slot)) % 1500;
            s.readings.push_back(r);
          }
        number += s.readings.size();
        offer(std::move(s));
      }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return under_way == 0; });
    elapsed_us = monotonic_us() - begin;
    over = true;
  });
  const auto outcome = run_replay(
    plan, *folder, [](const replay_progress&) {}, [](const known_estate&) {});
  sending.join();
  if (!outcome || outcome->stopped_by)
    return std::fprintf(stderr, "the run failed\n"), 1;
  std::sort(took.begin(), took.end());
  std::printf(
    "{\"form\":\"%s\",\"readings\":%llu,\"readings_per_s\":%.0f,\"answer_p50_ms\":%.1f,\"answer_p99_ms\":%.1f}\n",
    by_day ? "day" : "half-hour", static_cast<unsigned long long>(accepted),
    static_cast<double>(accepted) * 1e6 / static_cast<double>(elapsed_us),
    static_cast<double>(took[took.size() / 2]) / 1e3, static_cast<double>(took[took.size() * 99 / 100]) / 1e3);
  std::filesystem::remove_all(store);
  return 0;
}
