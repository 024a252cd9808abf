#pragma once

#include "src/store/journal.hpp"
#include "src/store/sqlite.hpp"
#include "twins/period.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

namespace gridtwin {

/// In which order records of different shards are taken. Those of a shard ascend, and runs follow one another; which of
/// two shards of one run was first the journal does not say. A meter that was on transformers of several shards goes
/// shard by shard within a run, and what comes behind the first of them has to wait until the run is over, so that
/// nothing can come to stand before it any more. One thread at a time.
class run_order {
public:
  /// Looks at which run is the newest; once for each state of the store.
  result<void> look(sqlite_database& database);
  /// Whether nothing more can come of a run.
  bool is_over(std::uint32_t run) const noexcept { return run < newest_ || run <= over_; }
  /// Nobody writes: all runs that were seen are over.
  void all_over() noexcept { over_ = newest_; }

  /// The record behind an offset was found waiting for the end of its run. It waits as long, whatever else changes.
  void held(std::uint32_t shard, std::int64_t after, std::uint32_t run) {
    held_.insert_or_assign(shard, hold{after, run});
  }
  /// Whether it is known to wait still, without another look at it.
  bool is_held(std::uint32_t shard, std::int64_t after) const {
    const auto at = held_.find(shard);
    return at != held_.end() && at->second.after == after && !is_over(at->second.run);
  }

  /// The last offset of a shard before its readings of a run, or of a later one.
  result<std::int64_t> last_before(sqlite_database& database, std::uint32_t shard, std::uint32_t run);

private:
  static constexpr std::size_t kept_most = 4096;

  struct hold {
    std::int64_t after = 0;
    std::uint32_t run = 0;
  };

  std::uint32_t newest_ = 0;
  std::uint32_t over_ = 0;
  std::unordered_map<std::uint64_t, std::int64_t> known_; ///< by run and shard: it never changes
  std::unordered_map<std::uint32_t, hold> held_;          ///< of each shard the last one
};

/// The days that a store has readings of, as of one state of it.
class day_steps {
public:
  void forget() { next_.clear(), previous_.clear(); }
  /// The nearest day behind (`forward`) or before a day.
  result<std::optional<utc_day>> step(sqlite_database& database, utc_day from, bool forward);

private:
  std::unordered_map<std::int32_t, std::optional<utc_day>> next_;
  std::unordered_map<std::int32_t, std::optional<utc_day>> previous_;
};

} // namespace gridtwin
