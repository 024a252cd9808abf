#pragma once

#include "actors/hosted_twins.hpp"
#include "actors/messages.hpp"
#include "actors/run_context.hpp"
#include "src/store/journal_section.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace gridtwin {

/// Which days the twins of a transformer hold in memory, and the way back for those that they do not. What a twin holds
/// of a day is all that is known of it, or nothing. Days of the store come and go: memory follows what is being worked
/// on, not what was read.
class open_days {
public:
  /// Fragments of a day that had to be read again, beyond which it is written anew as one.
  static constexpr std::uint32_t merge_at = 16;

  /// What is kept for each twin: its place by slot, and the last group that used it.
  static constexpr std::size_t bytes_a_place = 2 * sizeof(std::uint32_t);

  struct day_state {
    std::uint64_t last_group = 0; ///< that used the day
    std::uint32_t fragments = 0;  ///< in the store or on the way there, as far as is known here
    bool stored_before = false;   ///< any twin may have readings of it in the store since before this run
    bool read_again = false;      ///< by the group that is being judged
    bool other_known = false;     ///< some fragment became known at another time than what this run reads
    /// When all that was read again was known, in seconds since the epoch.
    std::int64_t known_by_s = std::numeric_limits<std::int64_t>::min();
    bool contradicted = false; ///< by this run: some key has more than one content
    bool touched = false;      ///< changed by this run, or left unsummarised by one that was cut off
    std::vector<bool> added;   ///< by place: this run has added readings
    /// Of the transformer's feeders, in their order; nothing: as the store has them.
    std::optional<std::vector<day_load>> loads;
    bool stored() const noexcept { return stored_before || !added.empty(); }
  };

  /// `stored`: days of which the store holds readings; `unsummarised`: those among them that a run left unfinished.
  open_days(const run_context& run, transformer_index t, std::span<const utc_day> stored,
            std::span<const utc_day> unsummarised);
  ~open_days();
  open_days(const open_days&) = delete;
  open_days& operator=(const open_days&) = delete;

  /// Makes what is known of a day complete in memory for some twins. Error: the store could not be read.
  result<day_state*> open(utc_day day, std::span<const std::uint32_t> places, std::uint64_t group, hosted_twins& twins);
  /// The same for all twins.
  result<day_state*> open_all(utc_day day, hosted_twins& twins);

  /// The same for every (day, place) of the list, which it sorts.
  result<void> open_each(std::vector<std::pair<utc_day, std::uint32_t>>& wanted, std::uint64_t group,
                         hosted_twins& twins);

  /// Notes that a group has used a twin's day.
  void use(day_state& state, std::uint32_t place, std::uint64_t group) noexcept {
    state.last_group = group;
    last_group_of_[place] = static_cast<std::uint32_t>(group);
  }
  /// Whether the store, or what is on its way there, may have readings of a twin's day that the twin does not hold.
  static bool may_be_stored(const day_state& state, std::uint32_t place) noexcept {
    return state.stored_before || (!state.added.empty() && state.added[place]);
  }

  /// Loads of a day by feeder, to be kept up to date by the caller. Valid until the day is released.
  result<std::vector<day_load>*> loads(utc_day day);

  /// Readings that a group adds; kept until the group is durable, for a twin that must be rebuilt before.
  void remember(std::shared_ptr<const reading_group> group, std::vector<batch_range> added);
  /// Lets go of what was remembered of groups that are durable.
  void forget_durable();

  /// Fills a fresh twin with the days that its predecessor held: what the store has, what is on its way there, and
  /// `under_way`, which belongs to the group being judged. False: the store could not be read.
  bool rebuild(std::uint32_t place, const meter_twin& predecessor, meter_twin& twin,
               std::span<const batch_range> under_way);

  /// Forgets days and twins that no group since has used and that are durable.
  void release(std::uint64_t unused_since, hosted_twins& twins);
  /// Forgets one day.
  void release_day(utc_day day, hosted_twins& twins);

  /// To be told when the twins hold more days than before.
  void count_open(std::int64_t more);

  std::map<utc_day, day_state>& days() noexcept { return days_; }

  /// The place of the connection that a slot of the store stands for; nothing if the estate has it no more.
  std::optional<std::uint32_t> place_of(twin_slot slot) const noexcept {
    if (slot.value >= place_of_slot_.size() || place_of_slot_[slot.value] == no_place)
      return std::nullopt;
    return place_of_slot_[slot.value];
  }

private:
  struct pending_group {
    std::shared_ptr<const reading_group> group;
    std::vector<batch_range> added; ///< of its batches
  };
  static constexpr std::uint32_t no_place = 0xFFFF'FFFF;

  /// Gives a twin a reading that is stored.
  void restore(meter_twin& twin, const stored_reading& r, const fragment_origin& from) const;
  result<void> load(utc_day day, day_state& state, const std::vector<bool>& wanted, hosted_twins& twins);

  const run_context* run_;
  transformer_number number_;
  feeder_range feeders_;
  std::uint32_t first_connection_ = 0;
  std::vector<std::uint32_t> place_of_slot_;
  std::map<utc_day, day_state> days_;
  std::vector<std::uint32_t> last_group_of_; ///< by place
  std::vector<pending_group> pending_;
  std::int64_t held_ = 0;
};

} // namespace gridtwin
