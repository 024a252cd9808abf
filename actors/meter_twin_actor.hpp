#pragma once

#include "actors/messages.hpp"
#include "supervision/hosted_actor.hpp"
#include "twins/meter_twin.hpp"

namespace gridtwin {

/// A meter's twin as an actor, run by its transformer. Answers `state_query` with a `meter_state`.
class meter_twin_actor final : public hosted_actor {
public:
  meter_twin_actor(caf::actor_config& config, const caf::actor& host, const connection& meter)
    : hosted_actor(config, host), twin(meter) {}

  const char* name() const override { return "meter_twin"; }

  /// Its state machine; the host calls it batch by batch.
  meter_twin twin;

protected:
  std::optional<caf::message> answer(const caf::type_erased_tuple& content) override;
};

} // namespace gridtwin
