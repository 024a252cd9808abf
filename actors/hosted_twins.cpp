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
  twins_.resize(connections.size());
  faults_.resize(connections.size());
  places_.reserve(connections.size());
  actors_.reserve(connections.size());
  for (const connection& c : connections) {
    actors_.push_back(make_hosted<meter_twin_actor>(system, host, *this, static_cast<std::uint32_t>(places_.size())));
    const bool usual = is_usual_meter(c, run.limits, appointed(places_.size())) && run.assess == nullptr;
    places_.push_back({c.feeder, 0, 0, false, usual});
  }
}

void hosted_twins::count_fault(std::size_t place, verdict v) noexcept {
  fault_counts& faults = faults_[place];
  if (v == verdict::duplicate)
    ++faults.duplicates;
  else if (v == verdict::conflict)
    ++faults.conflicts;
  else
    ++faults.refused;
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
  if (places_[place].parked)
    return {verdict::twin_failed};
  try {
    return judge(place, r);
  } catch (...) {
    replace_failed(std::current_exception());
  }
  return {verdict::twin_failed};
}

std::optional<std::size_t> hosted_twins::place_of(const hosted_envelope& envelope) const noexcept {
  // All that is sent to this host's mailbox for a hosted actor is for one of its twins.
  const auto& actor = static_cast<const meter_twin_actor&>(*envelope.target->get());
  const std::size_t place = actor.place();
  return &actors_[place].actor() == &actor ? std::optional(place) : std::nullopt;
}

void hosted_twins::deliver(const hosted_envelope& envelope, twin_rebuilder& rebuilder, caf::execution_unit* context) {
  gridtwin::deliver(envelope, context);
  const auto place = place_of(envelope);
  if (place && actors_[*place].actor().terminated() && !places_[*place].parked)
    replace(*place, caf::exit_reason::user_shutdown, rebuilder, context);
}

void hosted_twins::replace(std::size_t place, caf::error reason, twin_rebuilder& rebuilder,
                           caf::execution_unit* context) {
  place_state& state = places_[place];
  actors_[place].actor().terminate(reason, context); // nothing happens if it has ended by itself
  const caf::actor host = caf::actor_cast<caf::actor>(caf::actor_cast<caf::strong_actor_ptr>(host_));
  if (!host)
    return;
  const meter_twin dead = std::exchange(twins_[place], {});
  actors_[place] = make_hosted<meter_twin_actor>(*system_, host, *this, static_cast<std::uint32_t>(place));
  rebuilder.rebuild(place, dead, twins_[place]);
  state.parked = !run_->twin_restarts.restart(state.restarts);
  state.usual = state.usual && !state.parked;
  if (state.parked)
    actors_[place].actor().terminate(std::move(reason), context);
  else
    ++state.restarts;
}

void hosted_twins::terminate(const caf::error& reason, caf::execution_unit* context) {
  for (const hosted<meter_twin_actor>& actor : actors_)
    actor.actor().terminate(reason, context);
}

} // namespace gridtwin
