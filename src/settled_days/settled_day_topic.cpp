#include "src/settled_days/settled_day_topic.hpp"

#include <algorithm>
#include <string_view>

namespace gridtwin {

namespace {

error does_not_fit(const settled_run& run, std::string_view what) {
  return {errc::store_failed, "the store's record of a settlement run of " + format_date(run.settled().date)
                                + " and its readings do not fit: " + std::string(what)};
}

} // namespace

result<settled_day_topic::batch> settled_day_topic::read(std::int64_t after, std::uint32_t of_it) {
  // One state of the store: a change of the estate takes readings from one transformer's days to another's.
  sqlite_database& database = reader_->database();
  if (auto begun = database.execute("BEGIN"); !begun)
    return begun.failure();
  auto out = derive(after, of_it);
  if (auto ended = database.execute("COMMIT"); !ended && out)
    return ended.failure();
  return out;
}

result<settled_day_topic::batch> settled_day_topic::derive(std::int64_t after, std::uint32_t of_it) {
  sqlite_database& database = reader_->database();
  const auto next = find_settlement(database, of_it == 0 ? after : after - 1);
  if (!next)
    return next.failure();
  batch out;
  out.last_offset = next->last_offset;
  out.at_end = next->at_end;
  if (!next->found)
    return out;
  if (next->found->offset() != after)
    of_it = 0;
  const auto opened = runs_->of(database, *next->found);
  if (!opened)
    return opened.failure();
  const settled_run& run = **opened;
  if (of_it >= run.events())
    return out;
  if (auto learnt = learn_places(); !learnt)
    return learnt.failure();
  if (auto learnt = learn_cut(run); !learnt)
    return learnt.failure();
  transformer_index t = run.transformer_at(of_it);
  for (; run.first_event(t) != run.events() && out.events.size() < events_at_once; ++t.value)
    if (auto added = append(*opened, t, out.events); !added)
      return added.failure();
  out.of_it = run.first_event(t) == run.events() ? 0 : run.first_event(t);
  return out;
}

/// Where readings are by now: those of a transformer may have moved since the run, with another estate.
result<void> settled_day_topic::learn_places() {
  sqlite_database& database = reader_->database();
  const auto bound = bound_estate_count(database);
  if (!bound)
    return bound.failure();
  if (*bound == estates_known_)
    return {};
  reader_->forget_moves();
  auto moves = read_moves(database);
  if (!moves)
    return moves.failure();
  auto slots = read_named_slots(database);
  if (!slots)
    return slots.failure();
  moves_ = std::move(*moves);
  slots_ = std::move(*slots);
  number_of_.clear();
  for (const auto& [number, named] : slots_)
    number_of_[named.transformer] = {number};
  estates_known_ = *bound;
  return {};
}

result<void> settled_day_topic::learn_cut(const settled_run& run) {
  const auto newest = reader_->database().number("SELECT coalesce(max(number), 0) FROM runs");
  if (!newest)
    return newest.failure();
  if (cut_ && cut_->record == run.record() && cut_->newest_replay == *newest)
    return {};
  auto days = earlier_days::after_run(*reader_, run.settled().last_replay, run.settled().known_at_s);
  if (!days)
    return days.failure();
  cut_ = {run.record(), *newest, std::move(*days)};
  return {};
}

/// A meter's half hour is in one place at any time, and there under its own number: so whatever has become of the
/// transformer's rows since, what they had then is found by meter, here or where their readings have gone.
result<std::unordered_map<std::uint64_t, meter_twin>>
settled_day_topic::read_meters(const settled_run& run, transformer_index t,
                               const std::vector<settled_run::series>& series) {
  std::unordered_map<std::uint64_t, meter_twin> out;
  for (const settled_run::series& s : series)
    out.try_emplace(run.estate().connections[s.row.value].mpan.number);
  const auto known = number_of_.find(run.estate().transformers[t.value].id);
  if (known == number_of_.end())
    return does_not_fit(run, "it has a transformer that the store does not name");
  std::vector<transformer_number> keepers = moves_.takers_of(known->second);
  keepers.push_back(known->second);
  for (const transformer_number keeper : keepers) {
    const std::vector<mpan>& meters = slots_.at(keeper.value).meters;
    const auto take = [&](const stored_reading& r, const fragment_origin& from) {
      if (from.known.of(period_at(r.day, r.slot)) > run.settled().known_at_s || r.twin.value >= meters.size())
        return;
      const auto meter = out.find(meters[r.twin.value].number);
      if (meter != out.end())
        meter->second.restore(r.day, r.quantity, r.slot, r.version, r.content, true);
    };
    for (std::optional<utc_day> before; const period p : run.periods()) {
      if (before == p.day())
        continue;
      before = p.day();
      const auto loaded =
        cut_->days ? cut_->days->load(*reader_, keeper, p.day(), take) : reader_->load(keeper, p.day(), take);
      if (!loaded)
        return loaded.failure();
    }
  }
  return out;
}

/// What was current at the gate of what had been added by then; where the run has recorded an estimate, that.
result<void> settled_day_topic::append(const std::shared_ptr<const settled_run>& run, transformer_index t,
                                       std::vector<settled_day_event>& out) {
  const std::vector<settled_run::series> all = run->series_of(t);
  if (all.empty())
    return {};
  const auto meters = read_meters(*run, t, all);
  if (!meters)
    return meters.failure();
  std::uint32_t place = run->first_event(t);
  std::vector<recorded_estimate> estimates;
  for (const settled_run::series& s : all) {
    const connection& row = run->estate().connections[s.row.value];
    settled_day_event& e = out.emplace_back();
    e.record = run->record();
    e.place = place++;
    e.run = run;
    e.transformer = run->estate().transformers[t.value].id;
    e.mpan = row.mpan;
    e.quantity = s.quantity;
    e.half_hours.resize(run->periods().size());
    estimates.clear();
    run->estimates().append_of(row.mpan, estimates);
    std::erase_if(estimates, [&](const recorded_estimate& one) { return one.quantity != s.quantity; });
    auto estimated = estimates.begin();
    const meter_twin& meter = meters->at(row.mpan.number);
    for (std::size_t i = 0; i < run->periods().size(); ++i) {
      const period p = run->periods()[i];
      if (!row.effective.contains(p))
        continue;
      while (estimated != estimates.end() && estimated->period < p)
        ++estimated;
      if (estimated != estimates.end() && estimated->period == p) {
        e.half_hours[i] = settled_value{estimated->content, estimated->method};
        continue;
      }
      const meter_day* const held = meter.find(p.day(), s.quantity);
      const auto current = held == nullptr ? std::nullopt : held->current(p.slot());
      if (!current)
        return does_not_fit(*run, "a half hour has neither a reading nor an estimate");
      e.half_hours[i] = settled_value{current->content, std::nullopt};
    }
  }
  return {};
}

} // namespace gridtwin
