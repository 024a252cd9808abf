#include "actors/transformer.hpp"

#include "src/store/bytes.hpp"

#include <caf/sec.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace gridtwin {

struct transformer_state::work {
  /// A twin's day that the group has readings for.
  struct touched_day {
    utc_day day;
    std::uint32_t place = 0;
    auto operator<=>(const touched_day&) const = default;
  };

  assessed_part::content* out = nullptr;
  std::uint64_t group = 0;
  std::vector<touched_day> touched; ///< sorted
  /// What the touched days gave to their feeders before the group, by day and feeder of the transformer.
  std::map<std::pair<utc_day, std::uint32_t>, day_load> before;
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

/// Calls `f(batch, readings)` for the transformer's part of each batch.
template <class F>
void for_each_slice(const reading_group& group, transformer_index t, F&& f) {
  for (const reading_batch& batch : group.batches) {
    const auto slice =
      std::lower_bound(batch.slices.begin(), batch.slices.end(), t,
                       [](const reading_batch::slice& s, transformer_index wanted) { return s.transformer < wanted; });
    if (slice == batch.slices.end() || slice->transformer != t)
      continue;
    const std::size_t end = slice + 1 == batch.slices.end() ? batch.readings.size() : (slice + 1)->first;
    f(batch, std::span(batch.readings).subspan(slice->first, end - slice->first));
  }
}

assessed_part transformer_state::assess(const reading_group& group, caf::execution_unit* context) {
  const run_context& run = *options_.run;
  auto content = std::make_shared<assessed_part::content>();
  content->commit.transformer = run.topology->number_of[options_.transformer.value];
  content->commit.shard = shard_of(run.estate->transformers[options_.transformer.value].id);
  work w{content.get(), group.number, {}, {}};
  under_way_.clear();
  auto done = open_touched(group, w);
  if (done) {
    for_each_slice(group, options_.transformer, [&](const reading_batch& batch, auto readings) {
      for (const sourced_reading& r : readings)
        assess_one(batch, r, w, context);
    });
    done = encode(w);
  }
  if (unread_ && done) // what a twin was rebuilt from is not all there was: nothing that follows could be right
    done = error{errc::store_failed, "a meter's twin could not be rebuilt: the store cannot be read any more"};
  if (!done)
    content->failure = done.failure();
  return {group.number, std::move(content)};
}

/// Makes every day complete for the twins that have readings of it, and notes what they gave to their feeders.
result<void> transformer_state::open_touched(const reading_group& group, work& w) {
  std::size_t readings_of_mine = 0;
  for_each_slice(group, options_.transformer, [&](const reading_batch&, auto readings) {
    readings_of_mine += readings.size();
    for (const sourced_reading& r : readings) {
      const work::touched_day t{r.period.day(), r.connection.value - connections_.first};
      if (w.touched.empty() || w.touched.back() != t)
        w.touched.push_back(t);
    }
  });
  under_way_.reserve(readings_of_mine); // most readings are new, and they stay until they are durable
  std::sort(w.touched.begin(), w.touched.end());
  w.touched.erase(std::unique(w.touched.begin(), w.touched.end()), w.touched.end());
  std::vector<std::uint32_t> places;
  for (std::size_t first = 0; first < w.touched.size();) {
    const utc_day day = w.touched[first].day;
    places.clear();
    for (; first < w.touched.size() && w.touched[first].day == day; ++first)
      places.push_back(w.touched[first].place);
    if (auto opened = days_->open(day, places, w.group, *twins_); !opened)
      return opened.failure();
    for (const std::uint32_t place : places)
      add_meter(w.before[{day, twins_->at(place).meter().feeder.value - feeders_.first}], twins_->at(place), day);
  }
  return {};
}

void transformer_state::assess_one(const reading_batch& batch, const sourced_reading& r, work& w,
                                   caf::execution_unit* context) {
  const utc_day day = r.period.day();
  const std::uint32_t place = r.connection.value - connections_.first;
  const std::size_t held = twins_->at(place).days().size();
  const reading judged{r.quantity, r.period, r.version, {r.wh, r.quality, r.reasons}};
  const assessment a = twins_->assess(
    place, judged,
    [this](std::size_t at, const meter_twin& predecessor, meter_twin& fresh) { rebuild(at, predecessor, fresh); },
    context);
  w.out->counts.add(a, r.quantity, r.wh);
  w.out->counts.rounded += r.rounded ? 1 : 0;
  days_->count_open(static_cast<std::int64_t>(twins_->at(place).days().size()) - static_cast<std::int64_t>(held));
  if (a.verdict == verdict::conflict)
    days_->days()[day].contradicted = true;
  if (a.changes_state())
    under_way_.push_back({options_.run->topology->slot_of[r.connection.value], day,
                          static_cast<std::uint8_t>(r.period.slot()), false, r.quantity, r.version, judged.content,
                          batch.source, batch.first_line + r.line});
  else if (a.verdict != verdict::duplicate)
    keep_reject(batch, r, a.verdict, w);
}

void transformer_state::rebuild(std::size_t place, const meter_twin& predecessor, meter_twin& fresh) {
  const twin_slot slot = options_.run->topology->slot_of[connections_.first + place];
  if (!days_->rebuild(slot, predecessor, fresh, under_way_))
    unread_ = true;
}

void transformer_state::keep_reject(const reading_batch& batch, const sourced_reading& r, verdict v, work& w) const {
  const connection& meter = options_.run->estate->connections[r.connection.value];
  w.out->commit.rejects.push_back(
    {batch.source, batch.first_line + r.line, r.item, v, to_string(meter.mpan), std::string(name_of(r.quantity)),
     format_period(r.period), explain(v, r, options_.run->limits, meter), std::string(line_at(batch.text, r.offset))});
}

result<void> transformer_state::encode(work& w) {
  sort_for_storage(under_way_);
  std::vector<std::vector<stored_reading>> by_day;
  for (std::size_t first = 0; first < under_way_.size();) {
    std::size_t end = first;
    while (end < under_way_.size() && under_way_[end].day == under_way_[first].day)
      ++end;
    const std::span added = std::span(under_way_).subspan(first, end - first);
    auto day = encode_day(added, w);
    if (!day)
      return day.failure();
    w.out->commit.days.push_back(std::move(*day));
    by_day.emplace_back(added.begin(), added.end());
    first = end;
  }
  if (!by_day.empty())
    w.out->commit.journal_section = pack(encode_section(by_day));
  days_->remember(w.group, std::exchange(under_way_, {}));
  return {};
}

result<day_commit> transformer_state::encode_day(std::span<const stored_reading> added, const work& w) {
  day_commit out;
  out.day = added.front().day;
  open_days::day_state& day = days_->days()[out.day];
  auto loads = days_->loads(out.day);
  if (!loads)
    return loads.failure();
  for (std::uint32_t i = 0; i < feeders_.count; ++i)
    if (const auto before = w.before.find({out.day, i}); before != w.before.end())
      (*loads)[i] -= before->second;
  const auto first = std::lower_bound(w.touched.begin(), w.touched.end(), work::touched_day{out.day, 0});
  for (auto t = first; t != w.touched.end() && t->day == out.day; ++t)
    add_meter((*loads)[twins_->at(t->place).meter().feeder.value - feeders_.first], twins_->at(t->place), out.day);
  std::vector<feeder_day_load> named;
  for (std::uint32_t i = 0; i < feeders_.count; ++i)
    named.push_back({options_.run->estate->feeders[feeders_.first + i].id, (*loads)[i]});
  day.loads = encode_loads(named);
  day.touched = true;
  day.added.resize(connections_.count);
  for (const stored_reading& r : added)
    day.added[*days_->place_of(r.twin)] = true;
  out.loads = pack(*day.loads);
  out.contradicted = day.contradicted;
  if (day.read_again && day.fragments + 1 >= open_days::merge_at) {
    if (auto merged = merge_fragments(out, day); !merged)
      return merged.failure();
    return out;
  }
  ++day.fragments;
  out.added = pack(encode_fragment(added));
  return out;
}

/// A day that is read again and again is written as one fragment for earlier runs and one for this.
result<void> transformer_state::merge_fragments(day_commit& out, open_days::day_state& day) {
  if (auto opened = days_->open_all(out.day, *twins_); !opened)
    return opened.failure();
  std::array<std::vector<stored_reading>, 2> parts; // readings of earlier runs, readings of this one
  for (std::size_t place = 0; place < twins_->size(); ++place)
    for (const quantity q : quantities_by_name)
      if (const meter_day* const readings = twins_->at(place).find(out.day, q))
        readings->for_each([&](int slot, std::uint16_t version, const content& c, bool fresh) {
          parts[fresh ? 1 : 0].push_back({options_.run->topology->slot_of[connections_.first + place], out.day,
                                          static_cast<std::uint8_t>(slot), false, q, version, c, 0, 0});
        });
  out.merge = true;
  day.fragments = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].empty())
      continue;
    sort_for_storage(parts[i]);
    (i == 0 ? out.earlier : out.this_run) = pack(encode_fragment(parts[i]));
    ++day.fragments;
  }
  return {};
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
  twins_->deliver(
    envelope,
    [this](std::size_t at, const meter_twin& predecessor, meter_twin& fresh) { rebuild(at, predecessor, fresh); },
    context);
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
