#pragma once

#include "config/node_settings.hpp"
#include "src/alarms/alarm_watch.hpp"
#include "src/node/acknowledged_alarms.hpp"
#include "src/process/repeating_thread.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace gridtwin {

/// Looks at a node's store again and again, and at what operators say of its alarms, on a thread of its own that ends
/// with it.
class alarm_thread {
public:
  using second_clock = std::function<std::int64_t()>;
  using report_function = std::function<void(const alarm_look&)>;
  using trouble_function = std::function<void(const std::string&)>; ///< a look failed; the next one begins anew

  /// `settings.store` is there. The functions are called from the thread; `audit` outlives it.
  alarm_thread(const node_settings& settings, audit_trail& audit, second_clock now, report_function report,
               trouble_function trouble);

private:
  void look();

  std::string store_;
  alarm_limits limits_;
  second_clock now_;
  report_function report_;
  trouble_function trouble_;
  std::optional<alarm_watch> watch_; ///< nothing: the next look opens it
  acknowledged_alarms acknowledged_;
  std::optional<repeating_thread> thread_; ///< last: it uses the others
};

/// As settings say.
alarm_limits alarm_limits_of(const node_settings& settings) noexcept;

} // namespace gridtwin
