#pragma once

#include "actors/meter_twin_actor.hpp"
#include "actors/run_context.hpp"

#include <caf/actor.hpp>
#include <caf/execution_unit.hpp>

#include <cstdint>
#include <optional>
#include <span>
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

/// The twins of one transformer and their supervision: one-for-one, with a limit. A twin whose code throws goes down
/// alone, with its reason; its siblings in the same batch are not touched. It is made anew and rebuilt from the store
/// and from what was assessed but not yet committed. One that fails too often is parked: its readings are quarantined,
/// its state is kept, so that totals stay whole.
class hosted_twins {
  /// What a batch asks of a twin's place without a look at its actor or its row of the estate.
  struct place_state {
    feeder_index feeder;
    std::uint32_t accepted = 0;
    std::uint8_t restarts = 0;
    bool parked = false;
    bool usual = false; ///< not parked, `is_usual_meter`
  };
  struct fault_counts {
    std::uint32_t duplicates = 0;
    std::uint32_t conflicts = 0;
    std::uint32_t refused = 0;
  };

public:
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

  /// Asks memory for what a reading of that half hour will want of a twin.
  void prefetch(std::size_t place, int slot) const noexcept { twins_[place].prefetch(slot); }

  /// `assess` in the usual case (`meter_twin::record_usual`). False: nothing is done, ask `assess`.
  bool assess_usual(std::size_t place, const sourced_reading& r, utc_day day, int slot) {
    place_state& state = places_[place];
    const bool usual = state.usual && r.quantity == quantity::active_import && r.version == 1
                       && usual_content_stands({r.wh, r.quality, r.reasons}, run_->limits);
    if (!usual || !twins_[place].record_usual(day, slot, r.wh))
      return false;
    ++state.accepted;
    return true;
  }

  /// Has a reading judged by its twin. A twin that fails is restarted and asked once more; a reading that fails again
  /// is `twin_failed`.
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
    if (places_[place].parked)
      return {verdict::twin_failed};
    try {
      return judge(place, r);
    } catch (...) {
      return judge_again(place, r, rebuilder, context);
    }
  }
  assessment judge(std::size_t place, const reading& r) {
    meter_twin& twin = at(place);
    return run_->assess != nullptr ? run_->assess(twin, r, connections_[place], run_->limits)
                                   : twin.assess(r, connections_[place], run_->limits, appointed(place));
  }
  std::span<const period_range> appointed(std::size_t place) const noexcept {
    const auto at = &connections_[place] - run_->estate->connections.data();
    return run_->appointed.of({static_cast<std::uint32_t>(at)});
  }
  assessment judge_again(std::size_t place, const reading& r, twin_rebuilder& rebuilder, caf::execution_unit* context);
  void count_fault(std::size_t place, verdict v) noexcept;
  void replace(std::size_t place, caf::error reason, twin_rebuilder& rebuilder, caf::execution_unit* context);

  const run_context* run_;
  std::span<const connection> connections_;
  caf::actor_system* system_;
  caf::weak_actor_ptr host_;
  std::vector<meter_twin> twins_;
  std::vector<place_state> places_;
  std::vector<fault_counts> faults_;
  std::vector<hosted<meter_twin_actor>> actors_; ///< by place, as the three above
};

} // namespace gridtwin
