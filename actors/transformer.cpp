#include "actors/transformer.hpp"

#include "src/store/bytes.hpp"

#include <caf/sec.hpp>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace gridtwin {

struct transformer_state::work {
  assessed_part::content* out = nullptr;
  std::uint64_t group = 0;
  std::optional<utc_day> day; ///< that was opened last
};

namespace {

std::string_view line_at(const std::string& text, std::uint32_t offset) {
  std::string_view line = std::string_view(text).substr(offset);
  line = line.substr(0, line.find('\n'));
  if (!line.empty() && line.back() == '\r')
    line.remove_suffix(1);
  return line;
}

std::string explain(verdict v, const sourced_reading& r, const rule_limits& limits, const connection& meter) {
  const std::string value = std::to_string(r.wh) + " Wh";
  switch (v) {
  case verdict::negative:
    return value + " is below 0";
  case verdict::over_maximum:
    return value + " is above the " + std::to_string(limits.maximum_wh(meter.type)) + " Wh of its connection type";
  case verdict::zero_estimate_not_zero:
    return value + " with quality " + std::string(name_of(r.quality));
  case verdict::reason_missing:
    return "an estimate (" + std::string(name_of(r.quality)) + ") without a reason";
  case verdict::amendment_reason_missing:
    return "reason 9 without an amendment reason";
  case verdict::not_appointed:
    return "the half hour is outside the meter's range in meters.csv";
  case verdict::deenergised_estimate:
    return "an estimate for a de-energised meter";
  case verdict::future:
    return "the half hour ends after --as-of";
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
  const std::span all(e.connections);
  twins_ = std::make_unique<hosted_twins>(*options_.run, all.subspan(connections_.first, connections_.count),
                                          self->system(), caf::actor(self));
  days_ = std::make_unique<open_days>(*options_.run, options_.transformer, options_.stored, options_.unsummarised);
  options_.stored = {};
  options_.unsummarised = {};
}

assessed_part transformer_state::assess(const reading_group& group, caf::execution_unit* context) {
  const run_context& run = *options_.run;
  auto content = std::make_shared<assessed_part::content>();
  content->commit.transformer = run.topology->number_of[options_.transformer.value];
  content->commit.shard = shard_of(run.estate->transformers[options_.transformer.value].id);
  work w{content.get(), group.number, std::nullopt};
  under_way_.clear();
  for (const reading_batch& batch : group.batches) {
    const auto slice =
      std::lower_bound(batch.slices.begin(), batch.slices.end(), options_.transformer,
                       [](const reading_batch::slice& s, transformer_index wanted) { return s.transformer < wanted; });
    if (slice == batch.slices.end() || slice->transformer != options_.transformer)
      continue;
    const std::size_t end = slice + 1 == batch.slices.end() ? batch.readings.size() : (slice + 1)->first;
    under_way_.reserve(under_way_.size() + end - slice->first); // most readings are new, and they stay until durable
    for (std::size_t i = slice->first; i < end && !content->failure; ++i)
      assess_one(batch, batch.readings[i], w, context);
  }
  if (!content->failure)
    encode(w, group.number);
  return {group.number, std::move(content)};
}

void transformer_state::assess_one(const reading_batch& batch, const sourced_reading& r, work& w,
                                   caf::execution_unit* context) {
  const utc_day day = r.period.day();
  if (w.day != day) {
    if (auto opened = days_->open(day, w.group, *twins_); !opened) {
      w.out->failure = opened.failure();
      return;
    }
    w.day = day;
  }
  const std::size_t place = r.connection.value - connections_.first;
  const std::size_t held = twins_->at(place).days().size();
  const reading judged{r.quantity, r.period, r.version, {r.wh, r.quality, r.reasons}};
  const auto rebuild = [this](std::size_t at, meter_twin& twin) {
    const twin_slot slot = options_.run->topology->slot_of[connections_.first + at];
    if (!days_->rebuild(slot, twin, under_way_))
      std::abort(); // the store cannot be read any more: nothing that follows could be right
  };
  const assessment a = twins_->assess(place, judged, rebuild, context);
  w.out->counts.add(a, r.quantity, r.wh);
  w.out->counts.rounded += r.rounded ? 1 : 0;
  if (a.verdict == verdict::conflict)
    days_->days()[day].contradicted = true;
  if (!a.changes_state()) {
    if (a.verdict != verdict::duplicate)
      keep_reject(batch, r, a.verdict, w);
    return;
  }
  days_->count_open(static_cast<std::int64_t>(twins_->at(place).days().size()) - static_cast<std::int64_t>(held));
  under_way_.push_back({options_.run->topology->slot_of[r.connection.value], day,
                        static_cast<std::uint8_t>(r.period.slot()), false, r.quantity, r.version, judged.content,
                        batch.source, batch.first_line + r.line});
}

void transformer_state::keep_reject(const reading_batch& batch, const sourced_reading& r, verdict v, work& w) const {
  const connection& meter = options_.run->estate->connections[r.connection.value];
  w.out->commit.rejects.push_back(
    {batch.source, batch.first_line + r.line, r.item, v, to_string(meter.mpan), std::string(name_of(r.quantity)),
     format_period(r.period), explain(v, r, options_.run->limits, meter), std::string(line_at(batch.text, r.offset))});
}

void transformer_state::encode(work& w, std::uint64_t group) {
  sort_for_storage(under_way_);
  std::vector<std::vector<stored_reading>> by_day;
  for (std::size_t first = 0; first < under_way_.size();) {
    std::size_t end = first;
    while (end < under_way_.size() && under_way_[end].day == under_way_[first].day)
      ++end;
    const std::span added = std::span(under_way_).subspan(first, end - first);
    open_days::day_state& day = days_->days()[added.front().day];
    day.touched = true;
    day.stored = true;
    days_->fold_feeders(added.front().day, added, *twins_);
    w.out->commit.days.push_back(encode_day(added, day));
    by_day.emplace_back(added.begin(), added.end());
    first = end;
  }
  if (!by_day.empty())
    w.out->commit.journal_section = pack(encode_section(by_day));
  days_->remember(group, std::exchange(under_way_, {}));
}

day_commit transformer_state::encode_day(std::span<const stored_reading> added, open_days::day_state& day) {
  day_commit out;
  out.day = added.front().day;
  std::vector<feeder_day_load> loads;
  for (std::uint32_t i = 0; i < feeders_.count; ++i)
    loads.push_back({options_.run->estate->feeders[feeders_.first + i].id, day.loads[i]});
  out.loads = pack(encode_loads(loads));
  out.contradicted = day.contradicted;
  if (day.fragments + 1 < open_days::merge_at) {
    ++day.fragments;
    out.added = pack(encode_fragment(added));
    return out;
  }
  out.merge = true;
  std::vector<stored_reading> parts[2]; // readings of earlier runs, readings of this one
  for (std::size_t place = 0; place < twins_->size(); ++place)
    for (const quantity q : quantities_by_name)
      if (const meter_day* const readings = twins_->at(place).find(out.day, q))
        readings->for_each([&](int slot, std::uint16_t version, const content& c, bool fresh) {
          parts[fresh ? 1 : 0].push_back({options_.run->topology->slot_of[connections_.first + place], out.day,
                                          static_cast<std::uint8_t>(slot), false, q, version, c, 0, 0});
        });
  day.fragments = 0;
  for (auto* const part : {&parts[0], &parts[1]}) {
    if (part->empty())
      continue;
    sort_for_storage(*part);
    (part == &parts[0] ? out.earlier : out.this_run) = pack(encode_fragment(*part));
    ++day.fragments;
  }
  return out;
}

summary_part transformer_state::summarise() {
  if (!walk_)
    walk_ = std::make_unique<summary_walk>(*options_.run, options_.transformer, *twins_, *days_);
  summary_part part{walk_->next()};
  if (part.part->finished)
    walk_.reset();
  return part;
}

void transformer_state::release(std::uint64_t unused_since) { days_->release(unused_since, *twins_); }

void transformer_state::forget_durable() { days_->forget_durable(); }

void transformer_state::deliver(const hosted_envelope& envelope, caf::execution_unit* context) {
  const auto rebuild = [this](std::size_t at, meter_twin& twin) {
    if (!days_->rebuild(options_.run->topology->slot_of[connections_.first + at], twin, {}))
      std::abort();
  };
  twins_->deliver(envelope, rebuild, context);
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
    [self, writer](const assess_group& m) { self->send(writer, self->state.assess(*m.group, self->context())); },
    [self](const hosted_envelope& e) { self->state.deliver(e, self->context()); },
    [self](const release_days& m) { self->state.release(m.unused_since); },
    [self](const gridtwin::forget_durable&) { self->state.forget_durable(); },
    [self, writer](const summarise_days&) { self->send(writer, self->state.summarise()); },
    [self](const twin_query& q) -> caf::result<caf::actor> {
      if (auto handle = self->state.twin(q.place))
        return *handle;
      return caf::make_error(caf::sec::invalid_argument);
    },
  };
}

} // namespace gridtwin
