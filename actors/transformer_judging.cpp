#include "actors/refusal_text.hpp"
#include "actors/transformer_work.hpp"

#include <mutex>
#include <shared_mutex>
#include <utility>

namespace gridtwin {

namespace {

reading reading_of(const sourced_reading& r) noexcept {
  return {r.quantity, r.period, r.version, {r.wh, r.quality, r.reasons}};
}

} // namespace

/// The thread's slot of the run's marker while it judges a slice.
class transformer_state::in_hand {
public:
  in_hand(transformer_state& t, const reading_batch& batch) noexcept : transformer_(&t) {
    const run_context& run = *t.options_.run;
    t.slot_ = run.in_flight == nullptr ? nullptr : run.in_flight->mine();
    if (t.slot_ != nullptr && !t.slot_->is_open(batch.source))
      t.slot_->open(batch.source, run.sources.of(batch.source));
    slot_ = t.slot_;
  }
  ~in_hand() {
    close();
    transformer_->slot_ = nullptr;
  }
  in_hand(const in_hand&) = delete;
  in_hand& operator=(const in_hand&) = delete;

  void hold(std::uint64_t line, std::uint8_t item) const noexcept {
    if (slot_ != nullptr)
      slot_->hold(line, item);
  }
  void hold_alone(std::uint64_t line, std::uint8_t item) const noexcept {
    if (slot_ != nullptr)
      slot_->hold_alone(line, item);
  }
  void close() const noexcept {
    if (slot_ != nullptr)
      slot_->close();
  }

private:
  transformer_state* transformer_;
  in_flight_slot* slot_ = nullptr;
};

/// Sums over the usual readings of a slice.
struct transformer_state::usual_sums {
  std::int64_t accepted = 0;
  std::int64_t wh = 0;
  std::int64_t rounded = 0;
};

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
  std::shared_lock<std::shared_mutex> together;
  if (careful_readings* const careful = options_.run->careful.get()) {
    const auto* const some = careful->of(in_flight_name(options_.run->sources.of(batch.source)));
    if (some != nullptr && some->within(batch.first_line, batch.lines))
      return assess_carefully(batch, first, end, *some, w, context);
    together = std::shared_lock(careful->turn());
  }
  const in_hand marker(*this, batch);
  usual_sums usual;
  for (std::uint32_t at = first; at < end; ++at) {
    const sourced_reading& r = batch.readings[at];
    marker.hold(batch.first_line + r.line, r.item);
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

/// The same where some reading is suspected of having ended a process: it is judged while nothing else is.
result<void> transformer_state::assess_carefully(const reading_batch& batch, std::uint32_t first, std::uint32_t end,
                                                 const careful_readings::of_source& suspects, work& w,
                                                 caf::execution_unit* context) {
  careful_readings& careful = *options_.run->careful;
  const in_hand marker(*this, batch);
  std::shared_lock together(careful.turn());
  for (std::uint32_t at = first; at < end; ++at) {
    const sourced_reading& r = batch.readings[at];
    const std::uint64_t line = batch.first_line + r.line;
    const careful_readings::suspect* const suspect = suspects.find(line, r.item);
    if (suspect != nullptr && suspect->set_aside) {
      note_verdict(verdict::twin_failed, batch, at, w);
      set_aside(batch, r, suspect->deaths, w);
      suspect->handled.store(true, std::memory_order_relaxed);
      continue;
    }
    if (r.period != w.period)
      turn_to(r.period, w);
    std::unique_lock<std::shared_mutex> alone;
    if (suspect != nullptr) {
      together.unlock();
      alone = std::unique_lock(careful.turn());
      marker.hold_alone(line, r.item);
    } else {
      marker.hold(line, r.item);
    }
    if (auto done = assess_one(batch, at, w, context); !done)
      return done;
    marker.close();
    if (suspect != nullptr) {
      suspect->handled.store(true, std::memory_order_relaxed);
      alone.unlock();
      together.lock();
    }
  }
  return {};
}

half_hour_load& transformer_state::load_of(std::uint32_t place, work& w) const {
  return (*w.loads)[twins_->feeder_of(place).value - feeders_.first][static_cast<std::size_t>(w.slot)];
}

/// For whoever must answer for the reading.
void transformer_state::note_verdict(verdict v, const reading_batch& batch, std::uint32_t at, work& w) {
  if (v == verdict::accepted || w.owner == nullptr)
    return;
  if (const std::span<verdict> kept = w.owner->verdicts_of(batch); !kept.empty())
    kept[at] = v;
}

/// Any reading, of the half hour at hand.
result<void> transformer_state::assess_one(const reading_batch& batch, std::uint32_t at, work& w,
                                           caf::execution_unit* context) {
  const sourced_reading& r = batch.readings[at];
  const std::uint32_t place = r.connection.value - connections_.first;
  const open_letter* const letter = letter_of(r);
  if (letter != nullptr && letter->sealed) {
    note_verdict(verdict::twin_failed, batch, at, w);
    set_aside(batch, r, 0, w);
    return {};
  }
  const meter_twin* twin = &twins_->at(place);
  if (!twin->holds(w.day) && !w.opened && open_days::may_be_stored(*w.state, place))
    if (auto opened = unsuspected([&] { return open_touched(w); }); !opened)
      return opened;
  days_->use(*w.state, place, w.group);
  const std::uint64_t here = std::uint64_t{1} << w.slot;
  const std::size_t held_before = twin->days().size();
  const std::uint64_t compact_before = twin->compact_mask(w.day, r.quantity);
  const half_hour_load before = half_hour_of(*twin, w.day, w.slot);
  const assessment a = twins_->assess(place, reading_of(r), *this, context);
  note_verdict(a.verdict, batch, at, w);
  w.out->counts.add(a, r.quantity, r.wh);
  w.out->counts.rounded += r.rounded ? 1 : 0;
  twin = &twins_->at(place);
  w.days_opened += static_cast<std::int64_t>(twin->days().size()) - static_cast<std::int64_t>(held_before);
  if (a.verdict == verdict::accepted || a.verdict == verdict::conflict) // whichever of a contradiction came first
    w.out->counts.warn(reading_of(r), twins_->meters()[place], options_.run->limits);
  if (a.verdict == verdict::twin_failed)
    keep_letter(batch, r, twins_->last_failure(), w);
  else if (letter != nullptr)
    settle(*letter, w);
  if (!a.changes_state()) {
    if (a.verdict != verdict::duplicate && a.verdict != verdict::twin_failed)
      w.out->commit.rejects.push_back(
        refused(batch, r, a.verdict, refusal_text(a.verdict, r, options_.run->limits, twins_->meters()[place])));
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

kept_reject transformer_state::refused(const reading_batch& batch, const sourced_reading& r, verdict v,
                                       std::string detail) const {
  const connection& meter = options_.run->estate->connections[r.connection.value];
  return {batch.source,
          batch.first_line + r.line,
          r.item,
          v,
          to_string(meter.mpan),
          std::string(name_of(r.quantity)),
          format_period(r.period),
          std::move(detail),
          batch.raw ? batch.raw->at(r.offset) : std::string()};
}

void transformer_state::keep_letter(const reading_batch& batch, const sourced_reading& r, const judging_failure& why,
                                    work& w) const {
  w.out->commit.letters.push_back({refused(batch, r, verdict::twin_failed, why.reason),
                                   options_.run->topology->slot_of[r.connection.value], reading_of(r), why.cause,
                                   why.attempts});
}

/// A reading that ended processes is not shown to its twin any more.
void transformer_state::set_aside(const reading_batch& batch, const sourced_reading& r, std::uint32_t deaths,
                                  work& w) const {
  w.out->counts.add({verdict::twin_failed}, r.quantity, r.wh);
  w.out->counts.rounded += r.rounded ? 1 : 0;
  keep_letter(batch, r, {letter_cause::process_died, deaths, "processes ended while it was judged"}, w);
}

/// A letter's reading is judged, and with it every letter of an equal one: a line that came twice left two. Each once.
void transformer_state::settle(const open_letter& first, work& w) {
  const open_letter* const end = options_.run->letters.data() + options_.run->letters.size();
  for (const open_letter* at = &first; at != end && at->connection == first.connection; ++at)
    if (at->reading == first.reading && settled_.insert(at->id).second)
      w.out->commit.settled_letters.push_back(at->id);
}

/// The first dead letter of an earlier run that this reading is, if any.
const open_letter* transformer_state::letter_of(const sourced_reading& r) const noexcept {
  const std::vector<open_letter>& all = options_.run->letters;
  if (all.empty())
    return nullptr;
  const reading wanted = reading_of(r);
  const auto first = std::lower_bound(all.begin(), all.end(), r.connection,
                                      [](const open_letter& l, auto c) { return l.connection < c; });
  for (auto at = first; at != all.end() && at->connection == r.connection; ++at)
    if (at->reading == wanted)
      return &*at;
  return nullptr;
}

} // namespace gridtwin
