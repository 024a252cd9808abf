#pragma once

#include "src/store/commit.hpp"
#include "src/store/journal.hpp"
#include "src/store/sqlite.hpp"
#include "twins/mpan.hpp"
#include "twins/reading.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// What the store must know of a run to keep what supervision tells of it.
struct supervised_run {
  std::uint32_t number = 0;
  known_time known;
  std::function<result<void>()> begin; ///< called before anything is written that names the run
};

/// Writes letters, settled letters, faults and parked twins of a group, inside the caller's transaction. What the store
/// knows already is not written again.
result<void> write_supervision(sqlite_database& database, journal_appender& journal, const supervised_run& run,
                               std::span<const transformer_commit> group);

/// Adds to a run's counters, inside the caller's transaction. Those that are 0 are left out.
result<void> write_counters(sqlite_database& database, const supervised_run& run,
                            std::span<const std::pair<std::string_view, std::int64_t>> counters);

/// A twin that judges nothing until an operator says so.
struct parked_twin {
  transformer_number transformer;
  twin_slot twin;
  gridtwin::mpan meter;
  std::uint32_t run = 0; ///< that parked it
  std::string reason;
};
/// By transformer and slot.
result<std::vector<parked_twin>> parked_twins(sqlite_database& database);

/// What a twin came to, over all runs or in one.
struct twin_record {
  transformer_number transformer;
  twin_slot twin;
  gridtwin::mpan meter;
  std::uint64_t restarts = 0;
  std::uint32_t parked = 0; ///< runs that parked it
  std::uint32_t run = 0;    ///< the last in which it failed
  std::string reason;       ///< of its last failure
};
/// Of each twin that failed, by transformer and slot. `run`: only what happened in it.
result<std::vector<twin_record>> twin_records(sqlite_database& database, std::optional<std::uint32_t> run = {});

struct run_counter {
  std::uint32_t run = 0;
  std::string name;
  std::int64_t value = 0;
  bool operator==(const run_counter&) const = default;
};
/// By run and name.
result<std::vector<run_counter>> run_counters(sqlite_database& database);

/// An input that was in hand when a process died.
struct suspect {
  std::string source; ///< its name: the store may not have given it a number yet
  std::uint64_t line = 0;
  std::uint8_t item = 0;
  std::uint32_t deaths = 0; ///< processes that died with it in hand
  bool operator==(const suspect&) const = default;
};
/// By source, line and item.
result<std::vector<suspect>> suspects(sqlite_database& database);

} // namespace gridtwin
