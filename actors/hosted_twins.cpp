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
  for (const connection& c : connections)
    twins_.push_back({make_hosted<meter_twin_actor>(system, host, c), 0, false});
}

std::vector<const meter_twin*> hosted_twins::all() const {
  std::vector<const meter_twin*> out;
  out.reserve(twins_.size());
  for (std::size_t place = 0; place < twins_.size(); ++place)
    out.push_back(&at(place));
  return out;
}

/// Called while what the twin threw is being handled.
assessment hosted_twins::judge_again(std::size_t place, const reading& r, twin_rebuilder& rebuilder,
                                     caf::execution_unit* context) {
  const auto replace_failed = [&](const std::exception_ptr& thrown) {
    std::string reason;
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& failure) {
      reason = failure.what();
    } catch (...) {
      reason = "unknown";
    }
    replace(place, caf::make_error(caf::sec::runtime_error, std::move(reason)), rebuilder, context);
  };
  replace_failed(std::current_exception());
  if (twins_[place].parked)
    return {verdict::twin_failed, {}, false};
  try {
    return judge(place, r);
  } catch (...) {
    replace_failed(std::current_exception());
  }
  return {verdict::twin_failed, {}, false};
}

void hosted_twins::deliver(const hosted_envelope& envelope, twin_rebuilder& rebuilder, caf::execution_unit* context) {
  gridtwin::deliver(envelope, context);
  for (std::size_t place = 0; place < twins_.size(); ++place) {
    meter_twin_actor& actor = twins_[place].twin.actor();
    if (actor.ctrl() != envelope.target.get())
      continue;
    if (actor.terminated() && !twins_[place].parked)
      replace(place, caf::exit_reason::user_shutdown, rebuilder, context);
    return;
  }
}

void hosted_twins::replace(std::size_t place, caf::error reason, twin_rebuilder& rebuilder,
                           caf::execution_unit* context) {
  place_state& state = twins_[place];
  state.twin.actor().terminate(reason, context); // nothing happens if it has ended by itself
  const caf::actor host = caf::actor_cast<caf::actor>(caf::actor_cast<caf::strong_actor_ptr>(host_));
  if (!host)
    return;
  const hosted<meter_twin_actor> dead =
    std::exchange(state.twin, make_hosted<meter_twin_actor>(*system_, host, connections_[place]));
  rebuilder.rebuild(place, dead.actor().twin, state.twin.actor().twin);
  state.parked = !run_->twin_restarts.restart(state.restarts);
  if (state.parked)
    state.twin.actor().terminate(std::move(reason), context);
  else
    ++state.restarts;
}

void hosted_twins::terminate(const caf::error& reason, caf::execution_unit* context) {
  for (place_state& state : twins_)
    state.twin.actor().terminate(reason, context);
}

} // namespace gridtwin
