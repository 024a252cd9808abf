#pragma once

#include "config/node_settings.hpp"
#include "src/alarms/alarm_watch.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace gridtwin {

/// Looks at a node's store again and again, on a thread of its own that ends with it.
class alarm_thread {
public:
  using second_clock = std::function<std::int64_t()>;
  using report_function = std::function<void(const alarm_look&)>;
  using trouble_function = std::function<void(const std::string&)>; ///< a look failed; the next one begins anew

  /// `settings.store` is there. The functions are called from the thread.
  alarm_thread(const node_settings& settings, second_clock now, report_function report, trouble_function trouble);
  ~alarm_thread();
  alarm_thread(const alarm_thread&) = delete;
  alarm_thread& operator=(const alarm_thread&) = delete;

private:
  void run();
  bool wait(std::int64_t seconds);

  std::string store_;
  alarm_limits limits_;
  std::int64_t look_s_;
  second_clock now_;
  report_function report_;
  trouble_function trouble_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::thread thread_;
};

/// As settings say.
alarm_limits alarm_limits_of(const node_settings& settings) noexcept;

} // namespace gridtwin
