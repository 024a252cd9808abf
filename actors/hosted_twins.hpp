#pragma once

#include "actors/meter_twin_actor.hpp"
#include "actors/run_context.hpp"
#include "src/store/commit.hpp"
#include "supervision/supervisor_state.hpp"

#include <caf/actor.hpp>
#include <caf/execution_unit.hpp>

#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

/// Fills a fresh twin with what its predecessor had been given: everything stored, and what is on the way there.
class twin_rebuilder {
public:
  virtual void rebuild(std::size_t place, const meter_twin& predecessor, meter_twin& fresh) = 0;

protected:
  ~twin_rebuilder() = default;
};

/// Counts that are kept of a twin for its operator; they are no part of its state, and outlive a restart.
struct twin_counters {
  std::uint32_t accepted = 0;
  std::uint32_t duplicates = 0;
  std::uint32_t conflicts = 0;
  std::uint32_t refused = 0; ///< rejected and quarantined
};

/// Why a reading was not judged.
struct judging_failure {
  letter_cause cause = letter_cause::threw;
  std::uint32_t attempts = 0; ///< that were made now
  std::string reason;         ///< what was thrown, as it was said
};

/// The twins of one transformer and their supervision, a group for each feeder: one-for-one, with a limit. A twin whose
/// code throws goes down alone, with its reason; its siblings in the same batch are not touched. It is made anew and
/// rebuilt from the store and from what was assessed but not yet committed, and asked again; a reading on which it
/// fails as often as `most_attempts` is a dead letter, and the twin goes on with the next. A twin that fails again and
/// again with nothing between that it judges well is parked: its readings are kept as dead letters, its state is kept,
/// so that totals stay whole. A feeder of which many are parked escalates, once. A run has no clock, so a twin's own
/// work is its time: a reading that it judges gives it all its restarts back.
class hosted_twins {
  /// What a batch asks of a twin's place without a look at its actor or its row of the estate.
  struct place_state {
    feeder_index feeder;
    std::uint32_t accepted = 0;
    bool parked : 1 = false;
    bool failed : 1 = false;  ///< on its last reading
    bool watched : 1 = false; ///< its host looks at each of its readings
    bool usual : 1 = false;   ///< `is_usual_meter`, and none of these
    bool broken : 1 = false;  ///< it failed on the way of usual readings, and is to be made anew before anything else
  };
  struct fault_counts {
    std::uint32_t duplicates = 0;
    std::uint32_t conflicts = 0;
    std::uint32_t refused = 0;
  };

public:
  /// Attempts at a reading whose twin throws.
  static constexpr std::uint32_t most_attempts = 3;

  /// What a host keeps for each of its twins, beside the twin.
  static constexpr std::size_t bytes_a_place =
    sizeof(place_state) + sizeof(fault_counts) + sizeof(hosted<meter_twin_actor>);

  hosted_twins(const run_context& run, std::span<const connection> connections, caf::actor_system& system,
               const caf::actor& host);

  std::size_t size() const noexcept { return twins_.size(); }
  meter_twin& at(std::size_t place) noexcept { return twins_[place]; }
  const meter_twin& at(std::size_t place) const noexcept { return twins_[place]; }
  std::vector<const meter_twin*> all() const;
  /// Of the transformer's connections, by place.
  std::span<const connection> meters() const noexcept { return connections_; }
  twin_counters counters(std::size_t place) const noexcept {
    const fault_counts& faults = faults_[place];
    return {places_[place].accepted, faults.duplicates, faults.conflicts, faults.refused};
  }
  const caf::actor& handle(std::size_t place) const noexcept { return actors_[place].handle; }
  feeder_index feeder_of(std::size_t place) const noexcept { return places_[place].feeder; }
  bool parked(std::size_t place) const noexcept { return places_[place].parked; }

  /// Has every reading of a twin come to `assess`, none to `assess_usual`: its host looks at each.
  void watch(std::size_t place) noexcept {
    places_[place].watched = true;
    places_[place].usual = false;
  }
  /// An earlier run parked it.
  void keep_parked(std::size_t place, caf::execution_unit* context);
  /// This run parked it, under a transformer that has died since: it counts for its feeder as it did there.
  void resume_parked(std::size_t place, caf::execution_unit* context);

  /// Of the last `assess` that gave `twin_failed`.
  const judging_failure& last_failure() const noexcept { return failure_; }
  /// What failed since this was asked last, by place.
  std::map<std::uint32_t, twin_fault> take_faults() noexcept { return std::exchange(faults_since_, {}); }
  supervision_counters take_counters() noexcept;
  /// Feeders that escalated since this was asked last.
  std::vector<feeder_index> take_escalated() noexcept { return std::exchange(escalated_, {}); }

  /// Asks memory for what a reading of that half hour will want of a twin.
  void prefetch(std::size_t place, int slot) const noexcept { twins_[place].prefetch(slot); }

  /// `assess` in the usual case (`meter_twin::record_usual`). False: nothing is done, ask `assess`.
  bool assess_usual(std::size_t place, const sourced_reading& r, utc_day day, int slot) {
    place_state& state = places_[place];
    const bool usual = state.usual && r.quantity == quantity::active_import && r.version == 1
                       && usual_content_stands({r.wh, r.quality, r.reasons}, run_->limits);
    try {
      if (!usual || !twins_[place].record_usual(day, slot, r.wh))
        return false;
    } catch (...) {
      state.usual = false;
      state.broken = true;
      return false;
    }
    ++state.accepted;
    return true;
  }

  /// Has a reading judged by its twin. A twin that fails is restarted and asked again; a reading on which it fails to
  /// the end is `twin_failed`, and `last_failure` says why.
  assessment assess(std::size_t place, const reading& r, twin_rebuilder& rebuilder, caf::execution_unit* context) {
    const assessment a = guarded(place, r, rebuilder, context);
    if (a.verdict == verdict::accepted)
      ++places_[place].accepted;
    else
      count_fault(place, a.verdict);
    return a;
  }

  /// The place of a twin that a message is for; nothing for one that has been replaced since.
  std::optional<std::size_t> place_of(const hosted_envelope& envelope) const noexcept;

  /// Passes a message to its twin. A twin that this ends is restarted as one that failed.
  void deliver(const hosted_envelope& envelope, twin_rebuilder& rebuilder, caf::execution_unit* context);

  /// Ends all twins, when the host ends.
  void terminate(const caf::error& reason, caf::execution_unit* context);

private:
  assessment guarded(std::size_t place, const reading& r, twin_rebuilder& rebuilder, caf::execution_unit* context) {
    place_state& state = places_[place];
    if (state.parked)
      return set_aside(letter_cause::twin_parked, 0);
    if (state.broken)
      return judge_again(place, r, nullptr, rebuilder, context);
    try {
      const assessment a = judge(place, r);
      if (state.failed)
        recovered(place);
      return a;
    } catch (...) {
      return judge_again(place, r, std::current_exception(), rebuilder, context);
    }
  }
  /// Not inlined: a debugger finds the judging of every reading that is not of the usual kind here.
  [[gnu::noinline]] assessment judge(std::size_t place, const reading& r);
  std::span<const period_range> appointed(std::size_t place) const noexcept {
    const auto at = &connections_[place] - run_->estate->connections.data();
    return run_->appointed.of({static_cast<std::uint32_t>(at)});
  }
  assessment judge_again(std::size_t place, const reading& r, std::exception_ptr thrown, twin_rebuilder& rebuilder,
                         caf::execution_unit* context);
  assessment set_aside(letter_cause cause, std::uint32_t attempts);
  void recovered(std::size_t place);
  bool is_usual(std::size_t place) const noexcept;
  void fail(std::size_t place, death_reason why, caf::error reason, twin_rebuilder& rebuilder,
            caf::execution_unit* context);
  struct feeder_group {
    std::uint32_t first = 0; ///< place of its first twin; they stand together
    supervisor_state state;
    child_index child(std::size_t place) const noexcept { return {static_cast<std::uint32_t>(place) - first}; }
  };
  feeder_group& group_of(std::size_t place);
  void stay_parked(std::size_t place, const char* by, caf::execution_unit* context);
  supervisor_order ask_supervisor(std::size_t place, death_reason why);
  void count_fault(std::size_t place, verdict v) noexcept;

  const run_context* run_;
  std::span<const connection> connections_;
  caf::actor_system* system_;
  caf::weak_actor_ptr host_;
  std::vector<meter_twin> twins_;
  std::vector<place_state> places_;
  std::vector<fault_counts> faults_;
  std::vector<hosted<meter_twin_actor>> actors_; ///< by place, as the three above
  judging_failure failure_;
  std::map<std::uint32_t, twin_fault> faults_since_;
  std::map<feeder_index, feeder_group> groups_; ///< of feeders of which a twin has died
  std::vector<feeder_index> escalated_;
};

} // namespace gridtwin
