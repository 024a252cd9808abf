#include "actors/hosted_twins.hpp"

#include <caf/actor_cast.hpp>
#include <caf/make_message.hpp>
#include <caf/sec.hpp>

#include <exception>
#include <string>
#include <utility>

namespace gridtwin {

hosted_twins::hosted_twins(const run_context& run, std::span<const connection> connections, caf::actor_system& system,
                           const caf::actor& host)
  : run_(&run), connections_(connections), system_(&system), host_(caf::actor_cast<caf::actor_control_block*>(host)) {
  twins_.reserve(connections.size());
  views_.reserve(connections.size());
  for (const connection& c : connections) {
    twins_.push_back({make_hosted<meter_twin_actor>(system, host, c), 0, false});
    views_.push_back(&twins_.back().twin.actor->twin);
  }
}

assessment hosted_twins::assess(std::size_t place, const reading& r, const rebuild_function& rebuild,
                                caf::execution_unit* context) {
  for (int attempt = 0; attempt < 2 && !twins_[place].parked; ++attempt) {
    try {
      return run_->assess(at(place), r, run_->limits);
    } catch (const std::exception& failure) {
      replace(place, caf::make_error(caf::sec::runtime_error, std::string(failure.what())), rebuild, context);
    } catch (...) {
      replace(place, caf::make_error(caf::sec::runtime_error), rebuild, context);
    }
  }
  return {verdict::twin_failed, {}, false};
}

void hosted_twins::deliver(const hosted_envelope& envelope, const rebuild_function& rebuild,
                           caf::execution_unit* context) {
  gridtwin::deliver(envelope, context);
  for (std::size_t place = 0; place < twins_.size(); ++place) {
    meter_twin_actor& actor = *twins_[place].twin.actor;
    if (actor.ctrl() != envelope.target.get())
      continue;
    if (actor.terminated() && !twins_[place].parked)
      replace(place, caf::exit_reason::user_shutdown, rebuild, context);
    return;
  }
}

void hosted_twins::replace(std::size_t place, caf::error reason, const rebuild_function& rebuild,
                           caf::execution_unit* context) {
  place_state& state = twins_[place];
  state.twin.actor->terminate(reason, context); // nothing happens if it has ended by itself
  const caf::actor host = caf::actor_cast<caf::actor>(caf::actor_cast<caf::strong_actor_ptr>(host_));
  if (!host)
    return;
  const hosted<meter_twin_actor> dead =
    std::exchange(state.twin, make_hosted<meter_twin_actor>(*system_, host, connections_[place]));
  views_[place] = &state.twin.actor->twin;
  rebuild(place, dead.actor->twin, state.twin.actor->twin);
  state.parked = !run_->twin_restarts.restart(state.restarts);
  if (state.parked)
    state.twin.actor->terminate(std::move(reason), context);
  else
    ++state.restarts;
}

void hosted_twins::terminate(const caf::error& reason, caf::execution_unit* context) {
  for (place_state& state : twins_)
    state.twin.actor->terminate(reason, context);
}

} // namespace gridtwin
