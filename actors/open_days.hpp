#pragma once

#include "actors/hosted_twins.hpp"
#include "actors/run_context.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// Which days of a transformer its twins hold in memory, and the way back for those that they do not: a day is either
/// complete in memory or not there at all. Days of the store come and go; memory does not grow with what was read.
class open_days {
public:
  /// Fragments of a day beyond which it is written anew as one.
  static constexpr std::size_t merge_at = 16;

  struct day_state {
    std::uint64_t last_group = 0; ///< that used the day
    std::uint32_t fragments = 0;  ///< in the store, as far as is known here
    bool in_memory = false;
    bool stored = false;         ///< the store has, or will have, readings of it
    bool contradicted = false;   ///< by this run: some key has more than one content
    bool touched = false;        ///< changed by this run, or left unsummarised by one that was cut off
    std::vector<day_load> loads; ///< by feeder of the transformer; only while in memory
  };

  /// `stored`: days of which the store holds readings; `unsummarised`: those among them that a run left unfinished.
  open_days(const run_context& run, transformer_index t, std::span<const utc_day> stored,
            std::span<const utc_day> unsummarised);
  ~open_days();
  open_days(const open_days&) = delete;
  open_days& operator=(const open_days&) = delete;

  /// Makes a day complete in memory. Error: the store could not be read.
  result<day_state*> open(utc_day day, std::uint64_t group, hosted_twins& twins);

  /// Folds twins into the loads of their feeders: those of `changed` readings, or all where none were known.
  void fold_feeders(utc_day day, std::span<const stored_reading> changed, const hosted_twins& twins);

  /// Readings that a group adds; kept until the group is durable, for a twin that must be rebuilt before.
  void remember(std::uint64_t group, std::vector<stored_reading> added);

  /// Lets go of what was remembered of groups that are durable.
  void forget_durable();

  /// Fills a fresh twin: the stored readings of the days in memory, then what is on its way to the store, then
  /// `under_way`, which belongs to the group being assessed. False: the store could not be read.
  bool rebuild(twin_slot slot, meter_twin& twin, std::span<const stored_reading> under_way);

  /// Forgets days that no group since has used and that are durable.
  void release(std::uint64_t unused_since, hosted_twins& twins);
  /// Forgets one day.
  void release_day(utc_day day, hosted_twins& twins);

  /// To be told after a batch how many days of meters the twins hold more than before.
  void count_open(std::int64_t more);

  std::map<utc_day, day_state>& days() noexcept { return days_; }

  /// The place of the connection that a slot of the store stands for; nothing if the estate has it no more.
  std::optional<std::uint32_t> place_of(twin_slot slot) const noexcept {
    const auto at = place_of_slot_.find(slot.value);
    return at == place_of_slot_.end() ? std::nullopt : std::optional(at->second);
  }

private:
  struct pending_group {
    std::uint64_t group = 0;
    std::vector<stored_reading> added;
  };

  const run_context* run_;
  transformer_number number_;
  feeder_range feeders_;
  std::unordered_map<std::uint32_t, std::uint32_t> place_of_slot_;
  std::map<utc_day, day_state> days_;
  std::vector<pending_group> pending_;
  std::int64_t held_ = 0;
};

} // namespace gridtwin
