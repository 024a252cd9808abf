#include "src/node/alarm_thread.hpp"

#include <chrono>
#include <optional>
#include <utility>

namespace gridtwin {

alarm_limits alarm_limits_of(const node_settings& settings) noexcept {
  constexpr std::int64_t hour = 3600;
  alarm_limits out;
  out.overload = {static_cast<std::uint32_t>(settings.alarms_raise_pct),
                  static_cast<std::uint32_t>(settings.alarms_clear_pct)};
  out.arrival[index_of(market_segment::smart)] = settings.alarms_smart_hours * hour;
  out.arrival[index_of(market_segment::advanced)] = settings.alarms_advanced_hours * hour;
  out.arrival[index_of(market_segment::unmetered)] = settings.alarms_unmetered_hours * hour;
  out.fleet_pct = static_cast<std::uint32_t>(settings.alarms_fleet_pct);
  return out;
}

alarm_thread::alarm_thread(const node_settings& settings, second_clock now, report_function report,
                           trouble_function trouble)
  : store_(settings.store), limits_(alarm_limits_of(settings)), look_s_(settings.alarms_look_s), now_(std::move(now)),
    report_(std::move(report)), trouble_(std::move(trouble)) {
  if (look_s_ > 0)
    thread_ = std::thread([this] { run(); });
}

alarm_thread::~alarm_thread() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

void alarm_thread::run() {
  std::optional<alarm_watch> watch;
  do {
    if (!watch) {
      auto opened = alarm_watch::open(store_, limits_);
      if (!opened) {
        trouble_(opened.failure().message);
        continue;
      }
      watch.emplace(std::move(*opened));
    }
    if (const auto look = watch->look(now_())) {
      report_(*look);
    } else {
      trouble_(look.failure().message);
      watch.reset(); // what it had seen and not written is seen again
    }
  } while (wait(look_s_));
}

/// False: it ends.
bool alarm_thread::wait(std::int64_t seconds) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, std::chrono::seconds(seconds), [this] { return ending_; });
}

} // namespace gridtwin
