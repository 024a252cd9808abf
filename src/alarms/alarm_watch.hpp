#pragma once

#include "config/rule_settings.hpp"
#include "src/alarms/alarm_book.hpp"
#include "src/alarms/overdue_meters.hpp"
#include "src/alarms/overload.hpp"
#include "src/store/reading_scan.hpp"
#include "src/store/store_reader.hpp"
#include "twins/estate.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// When alarms are raised.
struct alarm_limits {
  overload_limits overload;
  arrival_limits arrival{}; ///< seconds
  /// A share of the meters that are waited for, in hundredths, beyond which those that are overdue are one incident.
  std::uint32_t fleet_pct = 10;
};

/// Fewer meters than this are no incident, whatever their share.
inline constexpr std::uint32_t fewest_of_an_incident = 20;

/// What one look came to, for a log.
struct alarm_look {
  std::uint32_t raised = 0;
  std::uint32_t ended = 0; ///< cleared or withdrawn
  std::uint64_t readings = 0;
};

/// Watches a store for what somebody should be told of, and writes it into the book of alarms. It only reads the store,
/// what is durable there, and so holds nothing up; what it has seen is kept in the book, so that it goes on after a
/// restart. One thread at a time.
class alarm_watch {
public:
  static result<alarm_watch> open(const std::filesystem::path& store, alarm_limits limits);

  /// Takes in what is new and decides by it. `now_s`: seconds since the epoch.
  result<alarm_look> look(std::int64_t now_s);

private:
  struct watched_estate;

  alarm_watch(alarm_limits limits, alarm_book book, store_reader reader, reading_scan scan);

  result<bool> learn_estate(std::int64_t now_s);
  result<void> take_in(alarm_look& out);
  result<void> judge_overloads(std::int64_t now_s);
  result<void> judge_overloads_of(transformer_index t, utc_day first, utc_day last, std::int64_t now_s);
  result<std::vector<transformer_half_hour>> half_hours_of(transformer_index t, utc_day first, utc_day last);
  void settle(transformer_index t, std::vector<alarm_record> before, const std::vector<overload>& found,
              std::int64_t now_s);
  void judge_arrivals(std::int64_t now_s);
  bool judge_fleet(std::uint32_t overdue, std::uint32_t waited_for, std::int64_t now_s);
  void note(alarm_record a, std::string_view what);
  void end(alarm_record a, alarm_state how, std::int64_t now_s);
  void keep_standing(alarm_look& out);

  alarm_limits limits_;
  alarm_book book_;
  store_reader reader_;
  reading_scan scan_;
  alarm_book::progress reached_;
  std::shared_ptr<watched_estate> estate_;
  std::map<transformer_index, std::set<utc_day>> touched_; ///< since the last look
  std::map<std::uint32_t, alarm_record> overdue_;          ///< that stand, by connection
  std::optional<alarm_record> fleet_;                      ///< that stands
  alarm_book::change change_;
  std::vector<std::pair<std::size_t, std::uint32_t>> newly_overdue_; ///< places in `change_`, connections
};

} // namespace gridtwin
