#include "actors/transformer.hpp"

#include "actors/actor_failure.hpp"
#include "actors/transformer_work.hpp"

#include <caf/sec.hpp>

#include <algorithm>
#include <utility>

namespace gridtwin {

transformer_state::~transformer_state() {
  if (twins_)
    twins_->terminate(caf::exit_reason::user_shutdown, nullptr);
}

void transformer_state::start(transformer_options options, caf::event_based_actor* self) {
  options_ = std::move(options);
  const estate& e = *options_.run->estate;
  connections_ = connections_of(e, options_.transformer);
  feeders_ = feeders_of(e, options_.transformer);
  shard_ = shard_of(e.transformers[options_.transformer.value].id);
  const std::span all(e.connections);
  twins_ = std::make_unique<hosted_twins>(*options_.run, all.subspan(connections_.first, connections_.count),
                                          self->system(), caf::actor(self));
  const std::span slots(options_.run->topology->slot_of);
  additions_ = std::make_unique<group_additions>(slots.subspan(connections_.first, connections_.count));
  days_ = std::make_unique<open_days>(*options_.run, options_.transformer, options_.stored, options_.unsummarised);
  options_.stored = {};
  options_.unsummarised = {};
  const connection_index end{connections_.first + connections_.count};
  const auto mine = [&](connection_index c) { return c.value >= connections_.first && c < end; };
  for (const connection_index c : options_.run->parked)
    if (mine(c))
      twins_->keep_parked(c.value - connections_.first, self->context());
  for (const connection_index c : options_.parked)
    twins_->resume_parked(c.value - connections_.first, self->context());
  for (const open_letter& letter : options_.run->letters)
    if (mine(letter.connection))
      twins_->watch(letter.connection.value - connections_.first);
}

bool transformer_state::assess(const std::shared_ptr<reading_group>& group, caf::execution_unit* context) {
  const run_context& run = *options_.run;
  if (run.before_group != nullptr)
    run.before_group(options_.transformer, group->number());
  work w;
  w.out = &group->part_of(options_.transformer);
  w.owner = group.get();
  w.group = group->number();
  w.batches = group->batches();
  w.out->commit.transformer = run.topology->number_of[options_.transformer.value];
  w.out->commit.shard = shard_;
  if (run.stores)
    additions_->clear();
  auto done = for_each_slice(w.batches, options_.transformer,
                             [&](const reading_batch& batch, std::uint32_t first, std::uint32_t end) {
                               return assess_slice(batch, first, end, w, context);
                             });
  if (w.days_opened != 0)
    days_->count_open(w.days_opened);
  if (unread_ && done) // what a twin was rebuilt from is not all there was: nothing that follows could be right
    done = error{errc::store_failed, "a meter's twin could not be rebuilt: the store cannot be read any more"};
  report_faults(*w.out);
  if (done && run.stores) {
    done = encode(w);
    days_->remember(group, additions_->take_arrived());
  }
  if (!done)
    w.out->failure = done.failure();
  return group->finish(*w.out);
}

void transformer_state::rebuild(std::size_t place, const meter_twin& predecessor, meter_twin& fresh) {
  const auto rebuilt = [&] {
    return days_->rebuild(static_cast<std::uint32_t>(place), predecessor, fresh, additions_->arrived());
  };
  if (!unsuspected(rebuilt))
    unread_ = true;
}

/// What twins failed since the last group.
void transformer_state::report_faults(assessed_part& out) {
  out.supervision = twins_->take_counters();
  out.escalated = twins_->take_escalated();
  for (auto& [place, fault] : twins_->take_faults()) {
    fault.twin = options_.run->topology->slot_of[connections_.first + place];
    fault.meter = twins_->meters()[place].mpan;
    if (fault.parked)
      out.parked.push_back({connections_.first + place});
    out.commit.faults.push_back(std::move(fault));
  }
}

summary_part transformer_state::summarise(std::uint64_t last_group) {
  if (options_.run->before_group != nullptr)
    options_.run->before_group(options_.transformer, 0);
  if (!walk_)
    walk_ = std::make_unique<summary_walk>(*options_.run, options_.transformer, *twins_, *days_);
  summary_part part{last_group, walk_->next()};
  part.part->incarnation = options_.incarnation;
  part.part->days = part.part->summary.days.size();
  if (part.part->finished)
    walk_.reset();
  return part;
}

void transformer_state::release(std::uint64_t unused_since) { days_->release(unused_since, *twins_); }

void transformer_state::forget_durable() { days_->forget_durable(); }

void transformer_state::deliver(const hosted_envelope& envelope, caf::execution_unit* context) {
  const caf::mailbox_element* const message = envelope.message->peek();
  if (!options_.run->stores && message != nullptr && message->content().match_elements<offered_reading>())
    if (const auto place = twins_->place_of(envelope))
      return assess_offered(message->content().get_as<offered_reading>(0), *place, context);
  twins_->deliver(envelope, *this, context);
}

/// A group of one, on the path of all groups.
void transformer_state::assess_offered(const offered_reading& r, std::size_t place, caf::execution_unit* context) {
  offered_.readings.resize(1);
  sourced_reading& reading = offered_.readings.front();
  reading.connection = {connections_.first + static_cast<std::uint32_t>(place)};
  reading.quantity = r.of;
  reading.period = r.period;
  reading.wh = r.wh;
  assessed_part out;
  work w;
  w.out = &out;
  (void)assess_slice(offered_, 0, 1, w, context); // nothing is stored that could fail to be read
  days_->count_open(w.days_opened);
  by_handle_.readings += static_cast<std::uint64_t>(out.counts.of(verdict::accepted));
  by_handle_.wh += out.counts.energy_wh[index_of(r.of)];
}

std::optional<caf::actor> transformer_state::twin(std::uint32_t place) const {
  if (place >= connections_.count)
    return std::nullopt;
  return twins_->handle(place);
}

caf::behavior transformer(caf::stateful_actor<transformer_state>* self, transformer_options options) {
  const caf::actor writer = options.writer;
  self->state.start(std::move(options), self);
  self->set_default_handler(caf::drop);
  self->set_exception_handler(actor_failure);
  return {
    [self, writer](const assess_group& m) {
      if (self->state.assess(m.group, self->context()))
        self->send(writer, group_assessed{m.group});
    },
    [self](const hosted_envelope& e) { self->state.deliver(e, self->context()); },
    [self](const release_days& m) { self->state.release(m.unused_since); },
    [self](const gridtwin::forget_durable&) { self->state.forget_durable(); },
    [self, writer](const summarise_days& m) { self->send(writer, self->state.summarise(m.last_group)); },
    [self](const accepted_query&) { return self->state.accepted(); },
    [self](const twin_query& q) -> caf::result<caf::actor> {
      if (auto handle = self->state.twin(q.place))
        return *handle;
      return caf::make_error(caf::sec::invalid_argument);
    },
  };
}

} // namespace gridtwin
