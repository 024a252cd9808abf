#include "src/gaps/gap_topic.hpp"

#include "src/store/topology.hpp"
#include "twins/meter_day.hpp"

#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>

namespace gridtwin {

namespace {

/// Estates of which it is known which meters have several rows.
constexpr std::size_t estates_kept = 3;
constexpr std::size_t runs_kept = 1024;

} // namespace

result<gap_topic> gap_topic::over(sqlite_database& database, std::shared_ptr<past_settings> settings,
                                  std::function<bool()> nobody_writes) {
  auto scan = reading_scan::over(database);
  if (!scan)
    return scan.failure();
  auto contents = earlier_contents::over(database);
  if (!contents)
    return contents.failure();
  return gap_topic(database, std::move(settings), std::move(nobody_writes), std::move(*scan), std::move(*contents));
}

result<gap_topic::batch> gap_topic::read(std::uint32_t shard, std::int64_t after, std::size_t readings) {
  batch out;
  out.last_offset = after;
  if (auto looked = order_.look(*database_); !looked)
    return looked.failure();
  if (order_.is_held(shard, after) && !(nobody_writes_ && nobody_writes_())) {
    out.at_end = true;
    return out;
  }
  bool waits = false;
  for (bool again = true; again;) {
    // One state of the store: a change of the estate takes readings from one transformer's days to another's.
    if (auto begun = database_->execute("BEGIN"); !begun)
      return begun.failure();
    auto more = derive(shard, out.last_offset, readings, waits);
    if (auto ended = database_->execute("COMMIT"); !ended && more)
      return ended.failure();
    if (!more)
      return more.failure();
    out.events.insert(out.events.end(), std::make_move_iterator(more->events.begin()),
                      std::make_move_iterator(more->events.end()));
    out.passed.insert(out.passed.end(), more->passed.begin(), more->passed.end());
    out.last_offset = more->last_offset;
    out.at_end = more->at_end;
    // What was written before it was asked is seen the next time.
    again = waits && nobody_writes_ && nobody_writes_();
    if (again)
      order_.all_over();
  }
  return out;
}

/// `waits`: the record behind the last one can be told when its run is over.
result<gap_topic::batch> gap_topic::derive(std::uint32_t shard, std::int64_t after, std::size_t readings, bool& waits) {
  waits = false;
  days_.forget();
  if (auto learnt = learn_meters(); !learnt)
    return learnt.failure();
  if (auto looked = order_.look(*database_); !looked)
    return looked.failure();
  std::vector<record_readings> records;
  auto read = scan_.read(shard, after, readings, [&](const scanned_reading& r) { return take(r, records); });
  if (!read)
    return read.failure();
  batch out{{}, read->last_offset, read->at_end, std::move(read->passed)};
  kept_presence::cursor& at = kept_.at(shard, after);
  for (record_readings& r : records) {
    const auto wait = must_wait(r);
    auto added = wait ? result<void>() : result<void>(wait.failure());
    if (wait && *wait) {
      waits = true;
      out.last_offset = r.record.offset() - 1;
      order_.held(shard, out.last_offset, r.run);
      out.at_end = true;
      std::erase_if(out.passed, [&](const passed_record& p) { return p.offset > out.last_offset; });
      break;
    }
    if (added)
      added = add_record(r, at, out.events);
    if (!added) {
      kept_.drop(shard, at.number);
      return added.failure();
    }
  }
  at.after = out.last_offset;
  return out;
}

/// Whose the slots are; with another estate a meter may be one that was on several transformers.
result<void> gap_topic::learn_meters() {
  const auto bound = bound_estate_count(*database_);
  if (!bound)
    return bound.failure();
  if (*bound == estates_known_)
    return {};
  auto meters = meter_directory::read(*database_);
  if (!meters)
    return meters.failure();
  kept_.drop_all();
  meters_ = std::move(*meters);
  estates_known_ = *bound;
  return {};
}

result<void> gap_topic::take(const scanned_reading& r, std::vector<record_readings>& out) const {
  const meter_directory::entry* const of = meters_.find({r.transformer, r.reading.twin});
  if (of == nullptr)
    return damaged(r.record);
  if (out.empty() || out.back().record != r.record)
    out.push_back({r.record, r.run, {}});
  const bool moved = of->moved != meter_directory::stays;
  const std::uint64_t key = moved ? moved_units + of->moved : r.transformer.value;
  unit& u = out.back().units[key];
  if (u.readings.empty()) {
    u.key = key;
    u.moved = moved;
    u.transformers = moved ? meters_.transformers_of(of->moved) : std::vector{r.transformer};
  }
  const auto q = static_cast<std::uint32_t>(index_of(r.reading.quantity));
  const std::uint32_t row = moved ? q : of->first_slot * static_cast<std::uint32_t>(quantity_count) + q;
  u.readings.push_back({row, r.transformer, of, r.reading});
  return {};
}

result<const meter_rows*> gap_topic::rows_of(std::uint32_t run) {
  if (const auto at = rows_by_run_.find(run); at != rows_by_run_.end())
    return at->second.get();
  const auto by = settings_->of_run(*database_, run);
  if (!by)
    return by.failure();
  const std::string& hash = (*by)->estate_hash;
  auto known =
    std::find_if(rows_by_estate_.begin(), rows_by_estate_.end(), [&](const auto& k) { return k.first == hash; });
  if (known == rows_by_estate_.end()) {
    if (rows_by_estate_.size() == estates_kept) {
      rows_by_estate_.erase(rows_by_estate_.begin());
      rows_by_run_.clear();
    }
    rows_by_estate_.emplace_back(hash, std::make_shared<const meter_rows>(*(*by)->estate));
    known = std::prev(rows_by_estate_.end());
  }
  if (rows_by_run_.size() == runs_kept)
    rows_by_run_.clear();
  rows_by_run_.emplace(run, known->second);
  return known->second.get();
}

/// Within a run a meter's shards come one after another (`run_order`).
result<bool> gap_topic::must_wait(const record_readings& r) {
  if (order_.is_over(r.run))
    return false;
  for (auto u = r.units.lower_bound(moved_units); u != r.units.end(); ++u) {
    const auto rows = rows_of(r.run);
    if (!rows)
      return rows.failure();
    const std::vector<std::uint32_t>& shards = (*rows)->shards(u->second.readings.front().of->meter);
    if (!shards.empty() && shards.front() != r.record.shard())
      return true;
  }
  return false;
}

result<void> gap_topic::add_record(record_readings& r, kept_presence::cursor& at, std::vector<gap_event>& out) {
  auto known = database_->prepare("SELECT known FROM runs WHERE number = ?1");
  if (!known)
    return known.failure();
  if (!known->bind(1, r.run).step())
    return damaged(r.record);
  std::vector<gap_event> events;
  for (auto& [key, u] : r.units) {
    kept_presence::place days(u.moved ? nullptr : &kept_, key, &at);
    turn now{&r, &u, &days, {known->optional_integer(0)}, {}, {}, {}, &events};
    if (auto added = add_unit(now); !added)
      return added;
    kept_.trim();
    u = {};
  }
  std::sort(events.begin(), events.end(), [](const gap_event& a, const gap_event& b) {
    return std::tuple(a.meter.number, index_of(a.quantity), a.open, a.missing.first)
           < std::tuple(b.meter.number, index_of(b.quantity), b.open, b.missing.first);
  });
  for (std::uint32_t place = 0; gap_event & e : events) {
    e.place = place++;
    out.push_back(std::move(e));
  }
  return {};
}

result<void> gap_topic::add_unit(turn& now) {
  std::vector<unit_reading>& readings = now.what->readings;
  std::stable_sort(readings.begin(), readings.end(), [](const unit_reading& a, const unit_reading& b) {
    return std::tuple(a.reading.day, a.row) < std::tuple(b.reading.day, b.row);
  });
  for (auto first = readings.begin(); first != readings.end();) {
    const utc_day day = first->reading.day;
    const auto end = std::find_if(first, readings.end(), [&](const unit_reading& r) { return r.reading.day != day; });
    if (auto added = add_day(now, day, std::span(first, end)); !added)
      return added;
    first = end;
  }
  for (const auto& [row, changes] : now.changes)
    if (auto added = add_events(now, *now.by.at(row), changes); !added)
      return added;
  if (now.what->moved)
    return {};
  for (const auto& [day, result] : now.results)
    if (presence_rows* const rows = now.days->find(day))
      rows->set(result.first, result.second);
  now.days->move_edges(now.changes);
  return {};
}

result<void> gap_topic::add_day(turn& now, utc_day day, std::span<const unit_reading> readings) {
  const auto rows = day_before(now, day);
  if (!rows)
    return rows.failure();
  std::map<std::uint32_t, std::pair<presence, const unit_reading*>> after;
  std::map<std::uint32_t, meter_day> exactly; // rows of which a half hour has come more than once
  for (const unit_reading& r : readings) {
    const auto [at, fresh] = after.try_emplace(r.row, presence{}, &r);
    presence& p = at->second.first;
    if (fresh)
      p = (*rows)->find(r.row);
    const std::uint64_t here = std::uint64_t{1} << r.reading.slot;
    if ((p.known & here) != 0)
      exactly.try_emplace(r.row);
    p.known |= here;
    p.current |= here;
  }
  if (!exactly.empty()) {
    auto loaded = load(now, day, [&](std::uint32_t row, const stored_reading& r) {
      if (const auto at = exactly.find(row); at != exactly.end())
        put(at->second, r);
    });
    if (!loaded)
      return loaded;
    for (const unit_reading& r : readings)
      if (const auto at = exactly.find(r.row); at != exactly.end())
        put(at->second, r.reading);
    for (const auto& [row, held] : exactly)
      after.at(row).first = presence_of(held);
  }
  for (const auto& [row, to] : after) {
    const auto& [p, by] = to;
    const presence before = (*rows)->find(row);
    if (p != before)
      now.results.emplace_back(day, std::pair(row, p));
    if (p.current == before.current)
      continue;
    now.by.try_emplace(row, by);
    now.changes[row].push_back({day, before.current, p.current});
  }
  return {};
}

result<void> gap_topic::add_events(turn& now, const unit_reading& by, std::span<const day_change> changes) {
  const changed_span span = span_of(changes);
  const auto previous = nearest(now, by.row, span.first, false);
  if (!previous)
    return previous.failure();
  const auto next = nearest(now, by.row, span.last, true);
  if (!next)
    return next.failure();
  const auto days = days_between(now, by.row, changes);
  if (!days)
    return days.failure();
  const gap_changes gaps = changes_between(*previous, *days, *next);
  const auto add = [&](const gap& g, bool open) -> result<void> {
    auto parts = parts_of(g, *by.of, now.of->run);
    if (!parts)
      return parts.failure();
    now.out->push_back({now.of->record, 0, meters_.name_of(by.transformer), by.of->meter, by.reading.quantity, open, g,
                        std::move(*parts), now.known.of(last_change_of(g, changes))});
    return {};
  };
  for (const gap& g : gaps.closed)
    if (auto added = add(g, false); !added)
      return added;
  for (const gap& g : gaps.opened)
    if (auto added = add(g, true); !added)
      return added;
  return {};
}

/// What of a gap lies in the ranges in which the meter was connected, where that is not all of it.
result<std::optional<std::vector<gap>>> gap_topic::parts_of(const gap& g, const meter_directory::entry& of,
                                                            std::uint32_t run) {
  if (!of.has_several)
    return std::optional<std::vector<gap>>();
  const auto rows = rows_of(run);
  if (!rows)
    return rows.failure();
  const std::vector<period_range>& ranges = (*rows)->interrupted(of.meter);
  if (ranges.empty())
    return std::optional<std::vector<gap>>();
  std::vector<gap> out;
  for (const period_range& range : ranges) {
    const gap part{{std::max(g.first.number, range.first)}, {std::min(g.last.number, range.end - 1)}};
    if (part.first <= part.last)
      out.push_back(part);
  }
  const bool whole = out.size() == 1 && out.front() == g;
  return whole ? std::optional<std::vector<gap>>() : std::optional(std::move(out));
}

} // namespace gridtwin
