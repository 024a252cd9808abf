#pragma once

#include "actors/messages.hpp"
#include "supervision/hosted_actor.hpp"
#include "twins/meter_twin.hpp"

namespace gridtwin {

/// A meter's twin as an actor, run by its transformer. Answers `state_query` with a `meter_state`. Its state machine
/// stands with its siblings' in one array of the host, where a batch finds them without touching the actors.
class meter_twin_actor final : public hosted_actor {
public:
  meter_twin_actor(caf::actor_config& config, const caf::actor& host, meter_twin& twin)
    : hosted_actor(config, host), twin_(&twin) {}

  const char* name() const override { return "meter_twin"; }

  /// To be asked by the host alone, which owns it.
  const meter_twin& twin() const noexcept { return *twin_; }

protected:
  std::optional<caf::message> answer(const caf::type_erased_tuple& content) override;

private:
  meter_twin* twin_;
};

} // namespace gridtwin
