#pragma once

#include "src/alarms/alarm.hpp"
#include "src/store/journal.hpp"
#include "src/store/sqlite.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// Something that happened to an alarm.
struct alarm_event {
  std::int64_t id = 0; ///< ascends
  std::int64_t at_s = 0;
  std::string what; ///< raised, changed, cleared, withdrawn, acknowledged
  std::string body; ///< the alarm as it was then: `alarm_json`
};

/// Alarms of a store, in a file of their own beside it (`alarms.db`): an alarm depends on a clock, and the store on its
/// readings alone. Several processes may write, one transaction after another. One thread at a time.
class alarm_book {
public:
  /// Makes it where it is missing. Error: `errc::store_unusable`.
  static result<alarm_book> open(const std::filesystem::path& store);
  /// Nothing where there is none: no node has watched this store.
  static result<std::optional<alarm_book>> open_existing(const std::filesystem::path& store);

  /// In order of their numbers.
  result<std::vector<alarm_record>> all();
  result<std::vector<alarm_record>> standing();
  result<std::optional<alarm_record>> find(std::int64_t id);
  /// Of a transformer's overloads, those that were not withdrawn and have a half hour within [first, last].
  result<std::vector<alarm_record>> overloads_of(std::string_view transformer, period first, period last);
  result<std::vector<alarm_event>> events_after(std::int64_t id, std::size_t most);
  /// The last event; 0 where there is none.
  result<std::int64_t> last_event();
  /// The last event before the first one of an instant (seconds since the epoch) or later.
  result<std::int64_t> last_event_before(std::int64_t at_s);

  /// As far as the log has been watched; and from when on meters that never brought anything are waited for.
  struct progress {
    std::array<std::int64_t, shard_count> offsets{};
    std::optional<period> since;
  };
  result<progress> read_progress();
  /// By the transformer's number: `overdue_meters::seen_of`.
  result<std::vector<std::pair<std::uint32_t, std::string>>> read_seen();

  /// What one look changes, as one transaction: alarms with number 0 are new and get theirs.
  struct change {
    std::vector<std::pair<alarm_record, std::string_view>> alarms; ///< as they are now, and what happened
    progress reached;
    std::vector<std::pair<std::uint32_t, std::string>> seen;
    std::int64_t at_s = 0;
  };
  result<void> write(change& c);

  /// The alarm as it is then; nothing where there is none of that number. One that was acknowledged stays as it is.
  result<std::optional<alarm_record>> acknowledge(std::int64_t id, const acknowledgement& by);

private:
  explicit alarm_book(sqlite_database database) : database_(std::move(database)) {}

  result<std::int64_t> number(result<sqlite_statement> query);
  result<std::vector<alarm_record>> read(result<sqlite_statement> rows);
  result<void> put(alarm_record& a, std::string_view what, std::int64_t at_s);

  sqlite_database database_;
};

} // namespace gridtwin
