#include "src/node/alarm_thread.hpp"

#include <chrono>
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

alarm_thread::alarm_thread(const node_settings& settings, audit_trail& audit, second_clock now, report_function report,
                           trouble_function trouble)
  : store_(settings.store), limits_(alarm_limits_of(settings)), now_(std::move(now)), report_(std::move(report)),
    trouble_(std::move(trouble)), acknowledged_(settings.store, audit) {
  if (settings.alarms_look_s > 0)
    thread_.emplace(repeating_thread::first::at_once, std::chrono::seconds(settings.alarms_look_s), [this] { look(); });
}

void alarm_thread::look() {
  if (!watch_) {
    auto opened = alarm_watch::open(store_, limits_);
    if (!opened) {
      trouble_(opened.failure().message);
      return;
    }
    watch_.emplace(std::move(*opened));
  }
  if (const auto seen = watch_->look(now_())) {
    report_(*seen);
  } else {
    trouble_(seen.failure().message);
    watch_.reset(); // what it had seen and not written is seen again
  }
  if (const auto told = acknowledged_.look(); !told)
    trouble_(told.failure().message);
}

} // namespace gridtwin
