#include "actors/hosted_twins.hpp"

#include <caf/actor_cast.hpp>
#include <caf/make_message.hpp>
#include <caf/sec.hpp>

#include <algorithm>
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
    const bool usual = is_usual(places_.size());
    places_.push_back({c.feeder, 0});
    places_.back().usual = usual;
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

assessment hosted_twins::judge(std::size_t place, const reading& r) {
  meter_twin& twin = at(place);
  return run_->assess != nullptr ? run_->assess(twin, r, connections_[place], run_->limits)
                                 : twin.assess(r, connections_[place], run_->limits, appointed(place));
}

namespace {

std::string reason_of(const std::exception_ptr& thrown) {
  if (!thrown)
    return "failed on a usual reading";
  try {
    std::rethrow_exception(thrown);
  } catch (const std::exception& failure) {
    return failure.what();
  } catch (...) {
    return "threw what is no exception";
  }
}

} // namespace

/// `thrown`: what the twin threw on the reading; nothing where it failed before that came to `judge`.
assessment hosted_twins::judge_again(std::size_t place, const reading& r, std::exception_ptr thrown,
                                     twin_rebuilder& rebuilder, caf::execution_unit* context) {
  for (std::uint32_t attempts = 1;; ++attempts) {
    failure_.reason = reason_of(thrown);
    fail(place, death_reason::threw, caf::make_error(caf::sec::runtime_error, failure_.reason), rebuilder, context);
    if (places_[place].parked)
      return set_aside(letter_cause::twin_parked, attempts);
    if (attempts == most_attempts)
      return set_aside(letter_cause::threw, attempts);
    try {
      const assessment a = judge(place, r);
      recovered(place);
      return a;
    } catch (...) {
      thrown = std::current_exception();
    }
  }
}

assessment hosted_twins::set_aside(letter_cause cause, std::uint32_t attempts) {
  failure_.cause = cause;
  failure_.attempts = attempts;
  if (attempts == 0)
    failure_.reason = "its twin is parked";
  return {verdict::twin_failed};
}

/// The twin has judged a reading since it failed.
void hosted_twins::recovered(std::size_t place) {
  place_state& state = places_[place];
  state.failed = false;
  state.usual = is_usual(place) && !state.watched;
  feeder_group& group = group_of(place);
  group.state.recovered(group.child(place));
}

bool hosted_twins::is_usual(std::size_t place) const noexcept {
  return run_->assess == nullptr && is_usual_meter(connections_[place], run_->limits, appointed(place));
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
    fail(*place, death_reason::killed, caf::exit_reason::user_shutdown, rebuilder, context);
}

void hosted_twins::keep_parked(std::size_t place, caf::execution_unit* context) {
  feeder_group& group = group_of(place);
  group.state.keep_parked(group.child(place));
  stay_parked(place, "parked by an earlier run", context);
}

void hosted_twins::resume_parked(std::size_t place, caf::execution_unit* context) {
  feeder_group& group = group_of(place);
  group.state.resume_parked(group.child(place), no_time);
  stay_parked(place, "parked before its transformer was started again", context);
}

void hosted_twins::stay_parked(std::size_t place, const char* by, caf::execution_unit* context) {
  places_[place].parked = true;
  places_[place].usual = false;
  actors_[place].actor().terminate(caf::make_error(caf::sec::runtime_error, by), context);
}

hosted_twins::feeder_group& hosted_twins::group_of(std::size_t place) {
  const feeder_index feeder = places_[place].feeder;
  if (const auto known = groups_.find(feeder); known != groups_.end())
    return known->second;
  const auto first = std::lower_bound(places_.begin(), places_.end(), feeder,
                                      [](const place_state& p, feeder_index f) { return p.feeder < f; });
  const auto end =
    std::upper_bound(first, places_.end(), feeder, [](feeder_index f, const place_state& p) { return f < p.feeder; });
  const supervised_group twins{static_cast<std::uint32_t>(end - first), feeder.value};
  return groups_
    .emplace(feeder, feeder_group{static_cast<std::uint32_t>(first - places_.begin()), {run_->twin_restarts, twins}})
    .first->second;
}

supervision_counters hosted_twins::take_counters() noexcept {
  supervision_counters sum;
  for (auto& [feeder, group] : groups_)
    sum += group.state.take_counters();
  return sum;
}

supervisor_order hosted_twins::ask_supervisor(std::size_t place, death_reason why) {
  feeder_group& group = group_of(place);
  const child_index child = group.child(place);
  const supervisor_order order = group.state.died(child, why, no_time);
  if (order.child == child_fate::restarted)
    group.state.started(child, no_time); // it is there already, without a pause
  if (order.group == group_fate::escalated)
    escalated_.push_back(places_[place].feeder);
  return order;
}

/// Ends a twin that failed and starts its successor, rebuilt, or parks it.
void hosted_twins::fail(std::size_t place, death_reason why, caf::error reason, twin_rebuilder& rebuilder,
                        caf::execution_unit* context) {
  place_state& state = places_[place];
  actors_[place].actor().terminate(reason, context); // nothing happens if it has ended by itself
  const caf::actor host = caf::actor_cast<caf::actor>(caf::actor_cast<caf::strong_actor_ptr>(host_));
  if (!host)
    return;
  const meter_twin dead = std::exchange(twins_[place], {});
  actors_[place] = make_hosted<meter_twin_actor>(*system_, host, *this, static_cast<std::uint32_t>(place));
  rebuilder.rebuild(place, dead, twins_[place]);
  const supervisor_order order = ask_supervisor(place, why);
  state.broken = false;
  state.failed = true;
  state.usual = false;
  state.parked = order.child != child_fate::restarted;
  twin_fault& fault = faults_since_[static_cast<std::uint32_t>(place)];
  fault.reason = why == death_reason::threw ? failure_.reason : "ended from outside";
  fault.parked = state.parked;
  fault.restarts += state.parked ? 0 : 1;
  if (state.parked)
    actors_[place].actor().terminate(std::move(reason), context);
}

void hosted_twins::terminate(const caf::error& reason, caf::execution_unit* context) {
  for (const hosted<meter_twin_actor>& actor : actors_)
    actor.actor().terminate(reason, context);
}

} // namespace gridtwin
