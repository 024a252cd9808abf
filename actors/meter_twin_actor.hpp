#pragma once

#include "actors/messages.hpp"
#include "supervision/hosted_actor.hpp"

#include <cstdint>

namespace gridtwin {

class hosted_twins;

/// A meter's twin as an actor, run by its transformer. Answers `state_query` with a `meter_state`. Its state machine
/// stands with its siblings' in one array of the host, where a batch finds them without touching the actors.
class meter_twin_actor final : public hosted_actor {
public:
  /// `siblings`: the host's twins, this one at `place` among them.
  meter_twin_actor(caf::actor_config& config, const caf::actor& host, const hosted_twins& siblings, std::uint32_t place)
    : hosted_actor(config, host), place_(place), siblings_(&siblings) {}

  const char* name() const override { return "meter_twin"; }

  std::uint32_t place() const noexcept { return place_; }

protected:
  std::optional<caf::message> answer(const caf::type_erased_tuple& content) override;

private:
  std::uint32_t place_;
  const hosted_twins* siblings_; ///< to be used in the host, which owns them
};

} // namespace gridtwin
