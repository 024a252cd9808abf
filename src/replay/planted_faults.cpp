#include "src/replay/planted_faults.hpp"

#ifndef GRIDTWIN_PLANT_FAULTS

namespace gridtwin {

void plant_faults(run_context&) {}

} // namespace gridtwin

#else

#include "twins/counter_random.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

namespace gridtwin {

namespace {

constexpr std::int64_t no_value = std::numeric_limits<std::int64_t>::min(); // a reading may be negative

/// What GRIDTWIN_FAULTS says: `name=number`, separated by commas. A program that is asked for faults it does not know
/// ends.
struct fault_settings {
  std::uint64_t seed = 1;
  std::uint32_t throws_ppm = 0;      ///< of readings; the first attempt at one throws, or the first two
  std::uint32_t sick_ppm = 0;        ///< of meters; every other attempt at a reading of theirs throws
  std::int64_t poison_wh = no_value; ///< a value on which a twin always throws
  std::int64_t abort_wh = no_value;  ///< ... that ends the process
  std::int64_t loop_wh = no_value;   ///< ... from which nobody comes back
  /// A group that ends the transformer which begins it, outside its twins' code; 0: the summary at the end of the run.
  std::int64_t crash_group = -1;
  std::int64_t crash_transformer = 0; ///< by its place in the estate
  std::int64_t crash_times = 1;       ///< how often that ends it
  std::int64_t crash_block = -1;      ///< a block of lines that ends the decoder which has it in hand ...
  std::int64_t crash_block_times = 1; ///< ... so often
  std::int64_t slow_block_ms = 0;     ///< that a decoder waits before each block
  std::int64_t slow_commit_ms = 0;    ///< that the writer waits before each commit, and before it closes the store
  std::int64_t slow_summary_ms = 0;   ///< that a transformer waits before each part of its summary
};

fault_settings read_settings() {
  fault_settings out;
  const char* const given = std::getenv("GRIDTWIN_FAULTS");
  for (std::string_view rest = given == nullptr ? "" : given; !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const std::string_view name = one.substr(0, one.find('='));
    const long long value = std::atoll(std::string(one.substr(std::min(one.size(), name.size() + 1))).c_str());
    if (name == "seed")
      out.seed = static_cast<std::uint64_t>(value);
    else if (name == "throws_ppm")
      out.throws_ppm = static_cast<std::uint32_t>(value);
    else if (name == "sick_ppm")
      out.sick_ppm = static_cast<std::uint32_t>(value);
    else if (name == "poison_wh")
      out.poison_wh = value;
    else if (name == "abort_wh")
      out.abort_wh = value;
    else if (name == "loop_wh")
      out.loop_wh = value;
    else if (name == "crash_group")
      out.crash_group = value;
    else if (name == "crash_transformer")
      out.crash_transformer = value;
    else if (name == "crash_times")
      out.crash_times = value;
    else if (name == "crash_block")
      out.crash_block = value;
    else if (name == "crash_block_times")
      out.crash_block_times = value;
    else if (name == "slow_block_ms")
      out.slow_block_ms = value;
    else if (name == "slow_commit_ms")
      out.slow_commit_ms = value;
    else if (name == "slow_summary_ms")
      out.slow_summary_ms = value;
    else {
      std::fprintf(stderr, "GRIDTWIN_FAULTS: what is %s?\n", std::string(one).c_str());
      std::abort();
    }
  }
  return out;
}

const fault_settings& settings() {
  static const fault_settings read = read_settings();
  return read;
}

/// Exceptions that twins threw, told when the process ends, for a test to hold the run's counters to.
std::atomic<std::uint64_t> thrown{0};

void tell_thrown() {
  std::fprintf(stderr, "planted: %llu throws of twins\n", static_cast<unsigned long long>(thrown.load()));
}

constexpr std::uint32_t million = 1'000'000;

/// How often this thread was asked for a reading, one time behind the other.
std::uint64_t attempt_at(const reading& r, std::uint64_t meter) noexcept {
  thread_local std::uint64_t last_meter = 0;
  thread_local reading last;
  thread_local std::uint64_t attempts = 0;
  attempts = meter == last_meter && r == last ? attempts + 1 : 1;
  last_meter = meter;
  last = r;
  return attempts;
}

std::uint64_t key_of(const reading& r, std::uint64_t meter) noexcept {
  const std::uint64_t half_hour =
    static_cast<std::uint64_t>(r.period.number) << 20 | index_of(r.quantity) << 16 | r.version;
  return draw(mix64(settings().seed + 1) ^ meter, half_hour);
}

bool is_sick(std::uint64_t meter) noexcept {
  return below(draw(mix64(settings().seed), meter), million) < settings().sick_ppm;
}

assessment judge_with_faults(meter_twin& twin, const reading& r, const connection& meter, const rule_limits& limits) {
  const fault_settings& s = settings();
  if (r.content.wh == s.abort_wh)
    std::abort();
  for (volatile bool for_ever = true; r.content.wh == s.loop_wh && for_ever;)
    ;
  const std::uint64_t attempt = attempt_at(r, meter.mpan.number);
  const std::uint64_t key = key_of(r, meter.mpan.number);
  const std::uint64_t chance = draw(key, attempt);
  const bool throws = r.content.wh == s.poison_wh || (below(key, million) < s.throws_ppm && attempt <= 1 + (key & 1))
                      || (is_sick(meter.mpan.number) && (chance & 1) != 0);
  if (!throws)
    return twin.assess(r, meter, limits);
  if ((chance & 2) != 0)
    twin.assess(r, meter, limits); // leaves its state half done, too
  thrown.fetch_add(1, std::memory_order_relaxed);
  throw std::runtime_error("planted fault");
}

void wait(std::int64_t ms) {
  if (ms != 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

void crash_transformer(transformer_index t, std::uint64_t group) {
  static std::atomic<std::int64_t> times{0};
  const fault_settings& s = settings();
  if (group == 0)
    wait(s.slow_summary_ms);
  if (static_cast<std::int64_t>(group) == s.crash_group && t.value == s.crash_transformer
      && times.fetch_add(1, std::memory_order_relaxed) < s.crash_times)
    throw std::runtime_error("planted fault of a transformer");
}

void crash_decoder(std::uint64_t block) {
  static std::atomic<std::int64_t> times{0};
  const fault_settings& s = settings();
  wait(s.slow_block_ms);
  if (static_cast<std::int64_t>(block) == s.crash_block
      && times.fetch_add(1, std::memory_order_relaxed) < s.crash_block_times)
    throw std::runtime_error("planted fault of a decoder");
}

void delay_commit() { wait(settings().slow_commit_ms); }

} // namespace

void plant_faults(run_context& run) {
  if (std::getenv("GRIDTWIN_FAULTS") == nullptr)
    return;
  run.assess = judge_with_faults;
  run.before_group = crash_transformer;
  run.before_block = crash_decoder;
  run.before_commit = delay_commit;
  static const bool told = std::atexit(tell_thrown) == 0; // a command may be several runs
  (void)told;
}

} // namespace gridtwin

#endif
