#include "actors/transformer.hpp"

#include "actors/held_day.hpp"
#include "src/store/bytes.hpp"

#include <caf/sec.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace gridtwin {

struct transformer_state::work {
  assessed_part* out = nullptr;
  std::uint64_t group = 0; ///< its number
  std::span<const reading_batch> batches;
  bool opened = false; ///< what the store has of the group's days was asked for
  std::int64_t days_opened = 0;
  /// The half hour at hand.
  gridtwin::period period{std::numeric_limits<std::int32_t>::min()};
  utc_day day = no_day;
  int slot = 0;
  open_days::day_state* state = nullptr;
  std::vector<day_load>* loads = nullptr; ///< if they are not in memory, asked for with the first change
};

/// Sums over the usual readings of a slice.
struct transformer_state::usual_sums {
  std::int64_t accepted = 0;
  std::int64_t wh = 0;
  std::int64_t rounded = 0;
};

namespace {

std::string explain(verdict v, const sourced_reading& r, const rule_limits& limits, const connection& meter) {
  const std::string value = std::to_string(r.wh) + " Wh";
  switch (v) {
  case verdict::negative:
    return value + " is below 0";
  case verdict::over_maximum:
    return value + " is above the " + std::to_string(limits.of(meter.type, meter.segment).maximum_wh)
           + " Wh of its connection type";
  case verdict::zero_estimate_not_zero:
    return value + " with quality " + std::string(name_of(r.quality));
  case verdict::reason_missing:
    return "an estimate (" + std::string(name_of(r.quality)) + ") without a reason";
  case verdict::amendment_reason_missing:
    return "reason 9 without an amendment reason";
  case verdict::not_appointed:
    return meter.effective.contains(r.period) ? "the half hour is outside the meter's appointments in appointments.csv"
                                              : "the half hour is outside the meter's range in meters.csv";
  case verdict::deenergised_estimate:
    return "an estimate for a de-energised meter";
  case verdict::future:
    return "the half hour ends after --as-of";
  case verdict::past_final_run:
    return "the final reconciliation of its settlement date had passed at --as-of";
  case verdict::twin_failed:
    return "the meter's twin failed on it: report this, and replay the source when it is mended";
  default:
    return std::string(ecs_code_of(v));
  }
}

} // namespace

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
}

/// Calls `f(batch, first, end)` for the transformer's readings in each batch, while that is good.
template <class F>
result<void> for_each_slice(std::span<const reading_batch> batches, transformer_index t, F&& f) {
  for (const reading_batch& batch : batches) {
    const auto slice =
      std::lower_bound(batch.slices.begin(), batch.slices.end(), t,
                       [](const reading_batch::slice& s, transformer_index wanted) { return s.transformer < wanted; });
    if (slice == batch.slices.end() || slice->transformer != t)
      continue;
    const std::size_t end = slice + 1 == batch.slices.end() ? batch.readings.size() : (slice + 1)->first;
    if (auto done = f(batch, slice->first, static_cast<std::uint32_t>(end)); !done)
      return done;
  }
  return {};
}

bool transformer_state::assess(const std::shared_ptr<reading_group>& group, caf::execution_unit* context) {
  const run_context& run = *options_.run;
  work w;
  w.out = &group->part_of(options_.transformer);
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
  if (done && run.stores) {
    done = encode(w);
    days_->remember(group, additions_->take_arrived());
  }
  if (!done)
    w.out->failure = done.failure();
  return group->finish_part();
}

/// The path of every reading: judged by its twin, folded into its feeder, gathered for the store.
result<void> transformer_state::assess_slice(const reading_batch& batch, std::uint32_t first, std::uint32_t end,
                                             work& w, caf::execution_unit* context) {
  // Twins are asked of memory before their turn, the first of them all at once.
  constexpr std::uint32_t twins_ahead = 16;
  const auto ask_for = [&](std::uint32_t at) { // as if for the half hour at hand: mostly it is
    twins_->prefetch(batch.readings[at].connection.value - connections_.first, w.slot);
  };
  for (std::uint32_t at = first; at < std::min(first + twins_ahead, end); ++at)
    ask_for(at);
  usual_sums usual;
  for (std::uint32_t at = first; at < end; ++at) {
    const sourced_reading& r = batch.readings[at];
    if (r.period != w.period)
      turn_to(r.period, w);
    if (at + twins_ahead < end)
      ask_for(at + twins_ahead);
    const std::uint32_t place = r.connection.value - connections_.first;
    if (w.loads == nullptr || !twins_->assess_usual(place, r, w.day, w.slot)) {
      if (auto done = assess_one(batch, at, w, context); !done)
        return done;
      continue;
    }
    days_->use(*w.state, place, w.group);
    ++usual.accepted;
    usual.wh += r.wh;
    usual.rounded += r.rounded ? 1 : 0;
    add_first_import(load_of(place, w), r.wh);
    if (options_.run->stores)
      additions_->add(batch, at, place, w.day, w.slot, true);
  }
  w.out->counts.by_verdict[index_of(verdict::accepted)] += usual.accepted;
  w.out->counts.energy_wh[index_of(quantity::active_import)] += usual.wh;
  w.out->counts.rounded += usual.rounded;
  return {};
}

half_hour_load& transformer_state::load_of(std::uint32_t place, work& w) const {
  return (*w.loads)[twins_->feeder_of(place).value - feeders_.first][static_cast<std::size_t>(w.slot)];
}

/// Any reading, of the half hour at hand.
result<void> transformer_state::assess_one(const reading_batch& batch, std::uint32_t at, work& w,
                                           caf::execution_unit* context) {
  const sourced_reading& r = batch.readings[at];
  const std::uint32_t place = r.connection.value - connections_.first;
  const meter_twin* twin = &twins_->at(place);
  if (!twin->holds(w.day) && !w.opened && open_days::may_be_stored(*w.state, place))
    if (auto opened = open_touched(w); !opened)
      return opened;
  days_->use(*w.state, place, w.group);
  const std::uint64_t here = std::uint64_t{1} << w.slot;
  const std::size_t held_before = twin->days().size();
  const std::uint64_t compact_before = twin->compact_mask(w.day, r.quantity);
  const half_hour_load before = half_hour_of(*twin, w.day, w.slot);
  const assessment a =
    twins_->assess(place, {r.quantity, r.period, r.version, {r.wh, r.quality, r.reasons}}, *this, context);
  w.out->counts.add(a, r.quantity, r.wh);
  w.out->counts.rounded += r.rounded ? 1 : 0;
  twin = &twins_->at(place);
  w.days_opened += static_cast<std::int64_t>(twin->days().size()) - static_cast<std::int64_t>(held_before);
  if (a.verdict == verdict::accepted || a.verdict == verdict::conflict) // whichever of a contradiction came first
    w.out->counts.warn({r.quantity, r.period, r.version, {r.wh, r.quality, r.reasons}}, twins_->meters()[place],
                       options_.run->limits);
  if (!a.changes_state()) {
    if (a.verdict != verdict::duplicate)
      keep_reject(batch, r, a.verdict, w);
    return {};
  }
  if (a.verdict == verdict::conflict)
    w.state->contradicted = true;
  if (w.loads == nullptr) {
    auto loads = days_->loads(w.day);
    if (!loads)
      return loads.failure();
    w.loads = *loads;
  }
  half_hour_load& sum = load_of(place, w);
  sum -= before;
  sum += half_hour_of(*twin, w.day, w.slot);
  if (options_.run->stores)
    additions_->add(batch, at, place, w.day, w.slot,
                    (twin->compact_mask(w.day, r.quantity) & here) != (compact_before & here));
  return {};
}

void transformer_state::turn_to(period p, work& w) {
  w.period = p;
  w.slot = p.slot();
  if (w.day == p.day())
    return;
  w.day = p.day();
  w.state = &days_->days()[w.day];
  w.loads = w.state->loads ? &*w.state->loads : nullptr;
}

/// Makes every day of the group complete for the twins that have readings of it: all at once, for a day in the store
/// holds all twins.
result<void> transformer_state::open_touched(work& w) {
  w.opened = true;
  std::vector<std::pair<utc_day, std::uint32_t>> wanted;
  (void)for_each_slice(w.batches, options_.transformer,
                       [&](const reading_batch& batch, std::uint32_t first, std::uint32_t end) -> result<void> {
                         for (std::uint32_t at = first; at < end; ++at) {
                           const sourced_reading& r = batch.readings[at];
                           const std::pair<utc_day, std::uint32_t> one(r.period.day(),
                                                                       r.connection.value - connections_.first);
                           if (wanted.empty() || wanted.back() != one)
                             wanted.push_back(one);
                         }
                         return {};
                       });
  return days_->open_each(wanted, w.group, *twins_);
}

void transformer_state::rebuild(std::size_t place, const meter_twin& predecessor, meter_twin& fresh) {
  if (!days_->rebuild(static_cast<std::uint32_t>(place), predecessor, fresh, additions_->arrived()))
    unread_ = true;
}

void transformer_state::keep_reject(const reading_batch& batch, const sourced_reading& r, verdict v, work& w) const {
  const connection& meter = options_.run->estate->connections[r.connection.value];
  w.out->commit.rejects.push_back({batch.source, batch.first_line + r.line, r.item, v, to_string(meter.mpan),
                                   std::string(name_of(r.quantity)), format_period(r.period),
                                   explain(v, r, options_.run->limits, meter),
                                   batch.raw ? batch.raw->at(r.offset) : std::string()});
}

result<void> transformer_state::encode(work& w) {
  if (additions_->empty())
    return {};
  result<void> done;
  additions_->for_each_day([&](utc_day day, std::span<const group_additions::row> rows) {
    if (!done)
      return;
    if (auto encoded = encode_day(day, rows))
      w.out->commit.days.push_back(std::move(*encoded));
    else
      done = encoded.failure();
  });
  w.out->commit.journal_section = pack(encode_section(additions_->arrived(), options_.run->topology->slot_of));
  return done;
}

result<day_commit> transformer_state::encode_day(utc_day which, std::span<const group_additions::row> rows) {
  day_commit out;
  out.day = which;
  open_days::day_state& day = days_->days()[which];
  auto loads = days_->loads(which);
  if (!loads)
    return loads.failure();
  std::vector<feeder_day_load> named;
  for (std::uint32_t i = 0; i < feeders_.count; ++i)
    named.push_back({options_.run->estate->feeders[feeders_.first + i].id, (**loads)[i]});
  day.touched = true;
  day.added.resize(connections_.count);
  for (const group_additions::row& r : rows)
    day.added[r.place] = true;
  out.loads = pack(encode_loads(named));
  out.contradicted = day.contradicted;
  if (day.read_again && !day.other_known && day.fragments + 1 >= open_days::merge_at) {
    if (auto merged = merge_fragments(out, day); !merged)
      return merged.failure();
    return out;
  }
  ++day.fragments;
  out.added = pack(additions_->fragment(which, rows, *twins_));
  return out;
}

/// A day that is read again and again is written as one fragment for earlier runs and one for this.
result<void> transformer_state::merge_fragments(day_commit& out, open_days::day_state& day) {
  if (auto opened = days_->open_all(out.day, *twins_); !opened)
    return opened.failure();
  const std::span slots(options_.run->topology->slot_of);
  out.merge = true;
  day.fragments = 0;
  for (const bool of_this_run : {false, true}) {
    const std::string part = encode_held_day(*twins_, slots.subspan(connections_.first, connections_.count), out.day,
                                             of_this_run ? held_part::of_this_run : held_part::of_earlier_runs);
    if (part.empty())
      continue;
    (of_this_run ? out.this_run : out.earlier) = pack(part);
    ++day.fragments;
  }
  return {};
}

summary_part transformer_state::summarise(std::uint64_t last_group) {
  if (!walk_)
    walk_ = std::make_unique<summary_walk>(*options_.run, options_.transformer, *twins_, *days_);
  summary_part part{last_group, walk_->next()};
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
