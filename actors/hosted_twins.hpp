#pragma once

#include "actors/meter_twin_actor.hpp"
#include "actors/run_context.hpp"

#include <caf/actor.hpp>
#include <caf/execution_unit.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace gridtwin {

/// The twins of one transformer and their supervision: one-for-one, with a limit. A twin whose code throws goes down
/// alone, with its reason; its siblings in the same batch are not touched. It is made anew and rebuilt from the store
/// and from what was assessed but not yet committed. One that fails too often is parked: its readings are quarantined,
/// its state is kept, so that totals stay whole.
class hosted_twins {
public:
  /// Fills a fresh twin with what its predecessor had been given: everything stored, and what is on the way there.
  using rebuild_function = std::function<void(std::size_t place, const meter_twin& predecessor, meter_twin& fresh)>;

  hosted_twins(const run_context& run, std::span<const connection> connections, caf::actor_system& system,
               const caf::actor& host);

  std::size_t size() const noexcept { return twins_.size(); }
  meter_twin& at(std::size_t place) noexcept { return twins_[place].twin.actor->twin; }
  const meter_twin& at(std::size_t place) const noexcept { return twins_[place].twin.actor->twin; }
  std::span<const meter_twin* const> views() const noexcept { return views_; }
  const caf::actor& handle(std::size_t place) const noexcept { return twins_[place].twin.handle; }
  bool parked(std::size_t place) const noexcept { return twins_[place].parked; }

  /// Has a reading judged by its twin. A twin that fails is restarted and asked once more; a reading that fails again
  /// is `twin_failed`.
  assessment assess(std::size_t place, const reading& r, const rebuild_function& rebuild, caf::execution_unit* context);

  /// Passes a message to its twin. A twin that this ends is restarted as one that failed.
  void deliver(const hosted_envelope& envelope, const rebuild_function& rebuild, caf::execution_unit* context);

  /// Ends all twins, when the host ends.
  void terminate(const caf::error& reason, caf::execution_unit* context);

private:
  struct place_state {
    hosted<meter_twin_actor> twin;
    std::uint8_t restarts = 0;
    bool parked = false;
  };

  void replace(std::size_t place, caf::error reason, const rebuild_function& rebuild, caf::execution_unit* context);

  const run_context* run_;
  std::span<const connection> connections_;
  caf::actor_system* system_;
  caf::weak_actor_ptr host_;
  std::vector<place_state> twins_;
  std::vector<const meter_twin*> views_;
};

} // namespace gridtwin
