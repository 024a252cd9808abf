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
                                   caf::scoped_actor& owner, reload_function reload, clock_function clock)
  : run_(std::move(run)), writer_(std::move(writer)), stored_(std::move(stored)), owner_(owner),
    reload_(std::move(reload)), clock_(std::move(clock)),
    actors_(clock_ ? live_parts : timeless_parts, {static_cast<std::uint32_t>(run_->estate->transformers.size()), 0},
            owner, [this](child_index child) { return make({child.value}); }) {}

caf::actor run_transformers::make(transformer_index t) {
  const auto parked = parked_.find(t);
  return owner_->spawn(transformer,
                       transformer_options{run_, t, writer_, std::move(stored_.all[t.value]),
                                           std::move(stored_.unsummarised[t.value]), actors_.incarnation({t.value}),
                                           parked == parked_.end() ? std::vector<connection_index>() : parked->second});
}

void run_transformers::assess(std::shared_ptr<reading_group> group) {
  const caf::message work = caf::make_message(assess_group{group}); // one for all
  for (const transformer_index t : group->transformers())
    if (!is_gone(t))
      owner_->send(actors_.at({t.value}), work);
  in_flight_.emplace(group->number(), std::move(group));
}

result<void> run_transformers::committed(std::uint64_t group, std::span<const connection_index> parked) {
  for (const connection_index c : parked)
    parked_[run_->estate->transformer_of(run_->estate->connections[c.value])].push_back(c);
  const auto done = in_flight_.find(group);
  for (const transformer_index t : done->second->transformers())
    if (!is_gone(t)) {
      actors_.recovered({t.value});
      owner_->send(actors_.at({t.value}), forget_durable{});
    }
  in_flight_.erase(done);
  return start_due();
}

void run_transformers::release(std::uint64_t unused_since) {
  for (transformer_index t{0}; t.value < size(); ++t.value)
    if (handle(t))
      owner_->send(handle(t), release_days{unused_since});
}

void run_transformers::summarise(transformer_index t, std::uint64_t last_group) {
  summarising_[t] = last_group;
  if (!is_gone(t))
    owner_->send(actors_.at({t.value}), summarise_days{last_group});
}

bool run_transformers::is_current(const summary_part::content& part) const {
  return part.incarnation == actors_.incarnation({part.transformer.value});
}

result<bool> run_transformers::ended(const caf::down_msg& down) {
  for (const auto& [number, group] : in_flight_) // judged before it died, whichever of the two is told first
    for (const transformer_index t : group->transformers())
      if (handle(t) == down.source && group->finished(t))
        actors_.recovered({t.value});
  const auto death = actors_.ended(down, now());
  if (!death)
    return false;
  const transformer_index t{death->child.value};
  if (death->order.group == group_fate::shut_down)
    return error{errc::store_failed, "transformer " + run_->estate->transformers[t.value].id + " has ended "
                                       + std::to_string(timeless_parts.child.most_restarts + 1)
                                       + " times in a row: what was committed stays; report this"};
  if (auto started = start_due(); !started)
    return started.failure();
  return true;
}

result<void> run_transformers::start_due() {
  for (const child_range& one : actors_.due(now()))
    if (const transformer_index t{one.first.value}; !has_finished_some(t))
      if (auto started = start_again(t); !started)
        return started;
  return {};
}

std::optional<std::chrono::nanoseconds> run_transformers::next_due() const {
  const monotonic_time at = now();
  const auto due = actors_.next_due(at);
  return due ? std::optional<std::chrono::nanoseconds>(*due - at) : std::nullopt;
}

/// Whether it has finished what is not durable yet, so that the store does not have it.
bool run_transformers::has_finished_some(transformer_index t) const {
  return std::any_of(in_flight_.begin(), in_flight_.end(),
                     [t](const auto& one) { return touches(*one.second, t) && one.second->finished(t); });
}

result<void> run_transformers::start_again(transformer_index t) {
  auto stored = reload_();
  if (!stored)
    return stored.failure();
  stored_.all[t.value] = std::move(stored->all[t.value]);
  stored_.unsummarised[t.value] = std::move(stored->unsummarised[t.value]);
  actors_.start_again({{t.value}, 1}, now()); // with its twins, also where nothing waits for it
  for (const auto& [number, group] : in_flight_)
    if (touches(*group, t)) {
      group->part_of(t) = assessed_part{}; // it may be half filled in
      owner_->send(actors_.at({t.value}), assess_group{group});
    }
  if (const auto last = summarising_.find(t); last != summarising_.end())
    owner_->send(actors_.at({t.value}), summarise_days{last->second});
  return {};
}

} // namespace gridtwin
