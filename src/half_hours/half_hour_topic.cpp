#include "src/half_hours/half_hour_topic.hpp"

#include "src/store/bytes.hpp"
#include "src/store/commit.hpp"
#include "src/store/journal_section.hpp"
#include "src/store/store_reader.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

namespace gridtwin {

namespace {

constexpr std::string_view records_sql = "SELECT records FROM fragments WHERE day = ?1 AND transformer = ?2";
constexpr std::string_view body_sql = "SELECT body FROM journal WHERE id = ?1";

} // namespace

result<half_hour_topic> half_hour_topic::over(sqlite_database& database, std::shared_ptr<past_settings> settings) {
  auto scan = reading_scan::over(database);
  if (!scan)
    return scan.failure();
  auto records = database.prepare(records_sql);
  auto body = database.prepare(body_sql);
  if (!records || !body)
    return database.failure("cannot read");
  return half_hour_topic(database, std::move(settings), std::move(*scan), std::move(*records), std::move(*body));
}

result<half_hour_topic::batch> half_hour_topic::read(std::uint32_t shard, std::int64_t after, std::size_t readings,
                                                     std::uint32_t privacy_floor) {
  if (privacy_floor != privacy_floor_) { // what could be told before depends on it
    days_.clear();
    day_of_key_.clear();
    privacy_floor_ = privacy_floor;
  }
  // One state of the store: a change of the estate takes readings from one transformer's days to another's.
  if (auto begun = database_->execute("BEGIN"); !begun)
    return begun.failure();
  auto out = derive(shard, after, readings);
  if (auto ended = database_->execute("COMMIT"); !ended && out)
    return ended.failure();
  return out;
}

result<half_hour_topic::batch> half_hour_topic::derive(std::uint32_t shard, std::int64_t after, std::size_t readings) {
  if (auto learnt = learn_places(); !learnt)
    return learnt.failure();
  std::vector<part> parts;
  const auto take = [&](const scanned_reading& r) -> result<void> {
    auto at = parts.end();
    for (auto p = parts.rbegin(); p != parts.rend() && p->record == r.record; ++p)
      if (p->transformer == r.transformer) {
        at = std::prev(p.base());
        break;
      }
    if (at == parts.end())
      at = parts.insert(at, {r.record, r.run, r.transformer, {}});
    at->readings.push_back(r.reading);
    return {};
  };
  auto read = scan_.read(shard, after, readings, take);
  if (!read)
    return read.failure();
  batch out;
  out.last_offset = read->last_offset;
  out.at_end = read->at_end;
  out.passed = std::move(read->passed);
  for (const part& p : parts)
    if (auto added = add_part(p, out); !added)
      return added.failure();
  const auto number = [](std::vector<half_hour_event>& events) {
    for (std::size_t i = 1; i < events.size(); ++i)
      events[i].place = events[i].record == events[i - 1].record ? events[i - 1].place + 1 : 0;
  };
  number(out.feeders);
  number(out.transformers);
  return out;
}

/// Slots and moves are those of the newest estate, whichever the records went by: with it readings have moved.
result<void> half_hour_topic::learn_places() {
  const auto bound = bound_estate_count(*database_);
  if (!bound)
    return bound.failure();
  if (*bound == estates_known_)
    return {};
  auto moves = read_moves(*database_);
  if (!moves)
    return moves.failure();
  auto slots = read_slot_feeders(*database_);
  if (!slots)
    return slots.failure();
  moves_ = std::move(*moves);
  slots_ = std::move(*slots);
  estates_known_ = *bound;
  return {};
}

result<void> half_hour_topic::add_part(const part& p, batch& out) {
  auto by = settings_->of_run(*database_, p.run);
  if (!by)
    return by.failure();
  auto known = database_->prepare("SELECT known FROM runs WHERE number = ?1");
  if (!known)
    return known.failure();
  if (!known->bind(1, p.run).step())
    return damaged(p.record);
  const known_time known_at{known->optional_integer(0)};
  std::map<utc_day, std::vector<stored_reading>> by_day;
  for (const stored_reading& r : p.readings)
    by_day[r.day].push_back(r);
  for (const auto& [day, readings] : by_day) {
    const auto kept = day_before(p, day, *by);
    if (!kept)
      return kept.failure();
    figure_day& figures = (*kept)->figures;
    if (auto added = figures.add(readings, slots_[p.transformer.value].feeder, true); !added)
      return added;
    (*kept)->last = {p.run, p.record};
    const auto append = [&](std::vector<half_hour_event> events, std::vector<half_hour_event>& to) {
      for (half_hour_event& e : events) {
        e.record = p.record;
        e.known_at_s = known_at.of(e.period);
        to.push_back(std::move(e));
      }
    };
    append(figures.feeders(), out.feeders);
    append(figures.transformer(), out.transformers);
  }
  return {};
}

/// A day of the record's transformer with all that was added before the record, as its run sees it.
result<half_hour_topic::kept_day*> half_hour_topic::day_before(const part& p, utc_day day,
                                                               const std::shared_ptr<const run_settings>& by) {
  const std::int64_t key = day_key(day, p.transformer);
  const auto found = day_of_key_.find(key);
  if (found != day_of_key_.end()) {
    const bool goes_on =
      found->second->last < arrival{p.run, p.record} && found->second->figures.by().changes == by->changes;
    if (goes_on) {
      days_.splice(days_.end(), days_, found->second);
    } else {
      days_.erase(found->second);
      day_of_key_.erase(found);
    }
  }
  if (!day_of_key_.contains(key)) {
    const auto slots = slots_.find(p.transformer.value);
    const auto t = slots == slots_.end() ? std::nullopt : by->find(slots->second.transformer);
    if (!t)
      return error{errc::store_failed,
                   "the store has readings of a transformer that the estate of their run did not have"};
    if (days_.size() == days_kept) {
      day_of_key_.erase(days_.front().key);
      days_.pop_front();
    }
    days_.push_back({key, {}, figure_day(by, *t, day, privacy_floor_)});
    day_of_key_[key] = std::prev(days_.end());
  }
  kept_day& kept = days_.back();
  const auto between = records_between(p, day, kept.last);
  if (!between)
    return between.failure();
  for (const arrival& earlier : *between) {
    const auto readings = readings_of(earlier.record, p, day);
    if (!readings)
      return readings.failure();
    const auto went_by = settings_->of_run(*database_, earlier.run);
    if (!went_by)
      return went_by.failure();
    const bool same = (*went_by)->changes == by->changes;
    if (auto added = kept.figures.add(*readings, slots_[p.transformer.value].feeder, same); !added)
      return added.failure();
    kept.last = earlier;
  }
  return &kept;
}

/// The records of a day's readings that were written behind `after` and before the record, in that order: wherever the
/// readings belong by now.
result<std::vector<half_hour_topic::arrival>> half_hour_topic::records_between(const part& p, utc_day day,
                                                                               arrival after) {
  std::vector<transformer_number> keepers = moves_.takers_of(p.transformer);
  keepers.push_back(p.transformer);
  const arrival before{p.run, p.record};
  std::vector<arrival> out;
  for (const transformer_number keeper : keepers) {
    records_.bind(1, day.number).bind(2, keeper.value);
    while (records_.step()) {
      byte_reader in(records_.bytes(0));
      while (!in.at_end())
        out.push_back({0, {static_cast<std::int64_t>(in.number())}});
    }
    const bool failed = records_.failed();
    records_.reset();
    if (failed)
      return database_->failure("cannot read");
  }
  // Where nothing has moved they are of the record's shard, in which runs ascend with offsets.
  if (moves_.empty())
    std::erase_if(out, [&](const arrival& a) {
      return a.record.value <= after.record.value || a.record.value >= before.record.value;
    });
  for (arrival& a : out) {
    body_.bind(1, a.record.value);
    byte_reader in(body_.step() ? body_.bytes(0) : std::string_view());
    a.run = static_cast<std::uint32_t>(in.number());
    const bool good = in.ok();
    body_.reset();
    if (!good)
      return damaged(a.record);
  }
  std::erase_if(out, [&](const arrival& a) { return !(after < a) || !(a < before); });
  std::sort(out.begin(), out.end());
  const auto same = [](const arrival& a, const arrival& b) { return a.record == b.record; };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return out;
}

/// The readings of a record that belonged to the day when the part's run began.
result<std::vector<stored_reading>> half_hour_topic::readings_of(record_id record, const part& p, utc_day day) {
  body_.bind(1, record.value);
  byte_reader in(body_.step() ? body_.bytes(0) : std::string_view());
  const auto run = static_cast<std::uint32_t>(in.number());
  std::vector<stored_reading> out;
  std::vector<stored_reading> section;
  bool good = in.ok();
  while (good && !in.at_end()) {
    const transformer_number added{static_cast<std::uint32_t>(in.number())};
    const std::string_view packed = in.text();
    if (added != p.transformer && !moves_.any_between(added, p.transformer))
      continue;
    const auto bytes = unpack(packed);
    section.clear();
    good = in.ok() && bytes && decode_section(*bytes, section);
    for (stored_reading& r : section) {
      if (r.day != day)
        continue;
      const stored_place then = moves_.place_of({added, r.twin}, period_at(r.day, r.slot), run, p.run);
      r.twin = then.slot;
      if (then.transformer == p.transformer)
        out.push_back(r);
    }
  }
  good = good && in.ok();
  body_.reset();
  return good ? result<std::vector<stored_reading>>(std::move(out)) : damaged(record);
}

} // namespace gridtwin
