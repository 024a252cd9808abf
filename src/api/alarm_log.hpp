#pragma once

#include "src/store/journal.hpp"
#include "twins/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

/// Something that happened to an alarm.
struct told_alarm {
  record_id record;           ///< its number, as if of a journal of one shard
  std::uint32_t place = 0;    ///< there is one at a number
  std::int64_t at_s = 0;      ///< seconds since the epoch
  std::string what;           ///< raised, changed, cleared, withdrawn, acknowledged
  std::string transformer;    ///< empty: of the whole estate
  std::string mpan;           ///< of a meter; else empty
  std::uint32_t reported = 0; ///< meters behind its figures
  /// The alarm as it was then: names, and values as JSON.
  std::vector<std::pair<std::string, std::string>> members;
};

/// What happened to alarms, as who watches the store has written it. From any thread.
class alarm_log {
public:
  virtual ~alarm_log() = default;

  /// Behind a number, in order.
  virtual result<std::vector<told_alarm>> after(std::int64_t number, std::size_t most) = 0;
  /// The last number; 0: there is none.
  virtual result<std::int64_t> last() = 0;
  /// The last number before what happened at an instant (seconds since the epoch) or later.
  virtual result<std::int64_t> before(std::int64_t at_s) = 0;
};

} // namespace gridtwin
