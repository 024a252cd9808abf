#include "src/replay/run_transformers.hpp"

#include "actors/transformer.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <string>
#include <utility>

namespace gridtwin {

namespace {

bool touches(const reading_group& group, transformer_index t) {
  const auto all = group.transformers();
  return std::binary_search(all.begin(), all.end(), t);
}

} // namespace

run_transformers::run_transformers(std::shared_ptr<const run_context> run, caf::actor writer, stored_days_list stored,
                                   caf::scoped_actor& owner, reload_function reload)
  : run_(std::move(run)), writer_(std::move(writer)), stored_(std::move(stored)), owner_(owner),
    reload_(std::move(reload)), actors_(run_->estate->transformers.size()) {}

run_transformers::~run_transformers() {
  for (const caf::actor& a : actors_)
    if (a)
      caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
}

const caf::actor& run_transformers::at(transformer_index t) {
  caf::actor& actor = actors_[t.value];
  if (!actor) {
    const auto parked = parked_.find(t);
    actor = owner_->spawn(
      transformer, transformer_options{run_, t, writer_, std::move(stored_.all[t.value]),
                                       std::move(stored_.unsummarised[t.value]), incarnation_of(t),
                                       parked == parked_.end() ? std::vector<connection_index>() : parked->second});
    owner_->monitor(actor);
  }
  return actor;
}

void run_transformers::assess(std::shared_ptr<reading_group> group) {
  const caf::message work = caf::make_message(assess_group{group}); // one for all
  for (const transformer_index t : group->transformers())
    if (!fallen_.contains(t))
      owner_->send(at(t), work);
  in_flight_.emplace(group->number(), std::move(group));
}

result<void> run_transformers::committed(std::uint64_t group, std::span<const connection_index> parked) {
  for (const connection_index c : parked)
    parked_[run_->estate->transformer_of(run_->estate->connections[c.value])].push_back(c);
  const auto done = in_flight_.find(group);
  for (const transformer_index t : done->second->transformers())
    if (!fallen_.contains(t))
      owner_->send(at(t), forget_durable{});
  in_flight_.erase(done);
  for (const transformer_index t : std::vector<transformer_index>(fallen_.begin(), fallen_.end()))
    if (safe_to_start(t))
      if (auto started = start_again(t); !started)
        return started;
  return {};
}

void run_transformers::release(std::uint64_t unused_since) {
  for (const caf::actor& a : actors_)
    if (a)
      owner_->send(a, release_days{unused_since});
}

void run_transformers::summarise(transformer_index t, std::uint64_t last_group) {
  summarising_[t] = last_group;
  if (!fallen_.contains(t))
    owner_->send(at(t), summarise_days{last_group});
}

std::uint32_t run_transformers::incarnation_of(transformer_index t) const {
  const auto known = restarts_of_.find(t);
  return known == restarts_of_.end() ? 0 : known->second;
}

bool run_transformers::is_current(const summary_part::content& part) const {
  return part.incarnation == incarnation_of(part.transformer);
}

result<bool> run_transformers::ended(const caf::actor_addr& who) {
  const auto found = std::find_if(actors_.begin(), actors_.end(), [&who](const caf::actor& a) { return a == who; });
  if (found == actors_.end())
    return false;
  const transformer_index t{static_cast<std::uint32_t>(found - actors_.begin())};
  if (restarts_of_[t]++ == most_restarts)
    return error{errc::store_failed, "transformer " + run_->estate->transformers[t.value].id + " has ended "
                                       + std::to_string(most_restarts + 1)
                                       + " times: what was committed stays; report this"};
  *found = nullptr;
  fallen_.insert(t);
  if (safe_to_start(t))
    if (auto started = start_again(t); !started)
      return started.failure();
  return true;
}

/// Whether all that it had finished is durable, so that the store has it.
bool run_transformers::safe_to_start(transformer_index t) const {
  return std::none_of(in_flight_.begin(), in_flight_.end(),
                      [t](const auto& one) { return touches(*one.second, t) && one.second->finished(t); });
}

result<void> run_transformers::start_again(transformer_index t) {
  auto stored = reload_();
  if (!stored)
    return stored.failure();
  stored_.all[t.value] = std::move(stored->all[t.value]);
  stored_.unsummarised[t.value] = std::move(stored->unsummarised[t.value]);
  fallen_.erase(t);
  ++restarts_;
  at(t); // with its twins, also where nothing waits for it
  for (const auto& [number, group] : in_flight_)
    if (touches(*group, t)) {
      group->part_of(t) = assessed_part{}; // it may be half filled in
      owner_->send(at(t), assess_group{group});
    }
  if (const auto last = summarising_.find(t); last != summarising_.end())
    owner_->send(at(t), summarise_days{last->second});
  return {};
}

} // namespace gridtwin
