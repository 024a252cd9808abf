#include "src/alarms/alarm_watch.hpp"

#include "src/ingest/estate_files.hpp"
#include "src/replay/rule_binding.hpp"
#include "src/store/feeder_guard.hpp"
#include "src/store/store_folder.hpp"
#include "src/store/topology.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::size_t readings_at_once = 100'000;

utc_day day_after(utc_day day, int days) { return {day.number + days}; }

} // namespace

/// The estate that the store is bound to, with what is known of its meters.
struct alarm_watch::watched_estate {
  std::string hash;
  gridtwin::estate estate;
  topology names;
  rule_settings rules;
  std::optional<overdue_meters> meters;
};

result<alarm_watch> alarm_watch::open(const std::filesystem::path& store, alarm_limits limits) {
  auto book = alarm_book::open(store);
  if (!book)
    return book.failure();
  const auto folder = store_folder::for_reading(store);
  if (!folder)
    return folder.failure();
  auto reader = store_reader::open(*folder);
  if (!reader)
    return reader.failure();
  auto scan = reading_scan::over(reader->database());
  if (!scan)
    return scan.failure();
  alarm_watch out(limits, std::move(*book), std::move(*reader), std::move(*scan));
  auto reached = out.book_.read_progress();
  if (!reached)
    return reached.failure();
  out.reached_ = *reached;
  return out;
}

alarm_watch::alarm_watch(alarm_limits limits, alarm_book book, store_reader reader, reading_scan scan)
  : limits_(limits), book_(std::move(book)), reader_(std::move(reader)), scan_(std::move(scan)) {}

result<alarm_look> alarm_watch::look(std::int64_t now_s) {
  alarm_look out;
  change_ = {};
  newly_overdue_.clear();
  change_.at_s = now_s;
  const auto known = learn_estate(now_s);
  if (!known)
    return known.failure();
  if (!*known)
    return out;
  if (auto taken = take_in(out); !taken)
    return taken.failure();
  if (auto judged = judge_overloads(now_s); !judged)
    return judged.failure();
  judge_arrivals(now_s);
  for (const auto& [t, days] : touched_)
    change_.seen.emplace_back(estate_->names.number_of[t.value].value, estate_->meters->seen_of(t));
  change_.reached = reached_;
  if (auto written = book_.write(change_); !written)
    return written.failure();
  touched_.clear();
  keep_standing(out);
  return out;
}

/// False while the store is bound to none. What was seen of meters is kept: slots of connections stay.
result<bool> alarm_watch::learn_estate(std::int64_t now_s) {
  const auto hash = bound_estate_hash(reader_.database());
  if (!hash)
    return hash.failure();
  if (hash->empty())
    return false;
  if (estate_ && estate_->hash == *hash)
    return true;
  auto bytes = read_bound_estate(reader_.database());
  if (!bytes)
    return bytes.failure();
  auto parsed = parse_estate({bytes->transformers, bytes->feeders, bytes->meters}, "the store's estate");
  if (!parsed)
    return parsed.failure();
  auto fresh = std::make_shared<watched_estate>();
  fresh->hash = *hash;
  fresh->estate = std::move(*parsed);
  auto binding = bind_topology(reader_.database(), fresh->estate, *bytes);
  if (!binding)
    return binding.failure();
  fresh->names = std::move(binding->topology);
  auto rules = bind_rules(reader_.database(), std::nullopt);
  if (!rules)
    return rules.failure();
  fresh->rules = std::move(rules->pack.settings);
  if (!reached_.since)
    reached_.since = period{static_cast<std::int32_t>(now_s / seconds_per_period + 1)};
  fresh->meters.emplace(fresh->estate, fresh->names, limits_.arrival, *reached_.since);
  auto seen = book_.read_seen();
  if (!seen)
    return seen.failure();
  for (const auto& [number, newest] : *seen)
    if (const auto t = fresh->meters->transformer_called({number}); t && !fresh->meters->take_seen(*t, newest))
      return error{errc::store_unusable,
                   "the book of alarms is damaged: take alarms.db away; the next look makes it anew"};
  estate_ = std::move(fresh);
  auto standing = book_.standing();
  if (!standing)
    return standing.failure();
  overdue_.clear();
  fleet_.reset();
  std::map<std::string, alarm_record, std::less<>> by_meter;
  for (alarm_record& a : *standing) {
    if (a.kind == alarm_kind::fleet_overdue)
      fleet_ = std::move(a);
    else if (a.kind == alarm_kind::overdue)
      by_meter.emplace(a.mpan, std::move(a));
  }
  for (std::uint32_t c = 0; c < estate_->estate.connections.size() && !by_meter.empty(); ++c)
    if (const auto at = by_meter.find(to_string(estate_->estate.connections[c].mpan));
        at != by_meter.end() && estate_->meters->awaited({c})) {
      overdue_.emplace(c, std::move(at->second));
      by_meter.erase(at);
    }
  for (auto& [mpan, a] : by_meter) // of meters that nobody waits for any more
    end(std::move(a), alarm_state::cleared, now_s);
  return true;
}

result<void> alarm_watch::take_in(alarm_look& out) {
  overdue_meters& meters = *estate_->meters;
  const auto see = [&](const scanned_reading& r) -> result<void> {
    ++out.readings;
    if (const auto t = meters.transformer_called(r.transformer))
      touched_[*t].insert(r.reading.day);
    meters.saw(r.transformer, r.reading.twin, period_at(r.reading.day, r.reading.slot));
    return {};
  };
  for (std::uint32_t shard = 0; shard < shard_count; ++shard)
    for (bool at_end = false; !at_end;) {
      const auto read = scan_.read(shard, reached_.offsets[shard], readings_at_once, see);
      if (!read)
        return read.failure();
      reached_.offsets[shard] = read->last_offset;
      at_end = read->at_end;
    }
  return {};
}

result<void> alarm_watch::judge_overloads(std::int64_t now_s) {
  for (const auto& [t, days] : touched_) {
    // Days that lie side by side are judged together.
    for (auto day = days.begin(); day != days.end();) {
      const utc_day first = *day;
      utc_day last = first;
      while (++day != days.end() && day->number <= last.number + 2)
        last = *day;
      if (auto judged = judge_overloads_of(t, first, last, now_s); !judged)
        return judged;
    }
  }
  return {};
}

/// What has changed in [first, last] may have joined overloads of the days beside it, or divided them.
result<void> alarm_watch::judge_overloads_of(transformer_index t, utc_day first, utc_day last, std::int64_t now_s) {
  const transformer_info& info = estate_->estate.transformers[t.value];
  utc_day from = day_after(first, -1);
  utc_day to = day_after(last, 1);
  for (;;) {
    auto before = book_.overloads_of(info.id, period_at(from, 0), period_at(to, periods_per_day - 1));
    if (!before)
      return before.failure();
    const auto half_hours = half_hours_of(t, from, to);
    if (!half_hours)
      return half_hours.failure();
    const std::vector<overload> found = find_overloads(info, limits_.overload, *half_hours);
    utc_day wider_from = from;
    utc_day wider_to = to;
    for (const alarm_record& a : *before) {
      wider_from = std::min(wider_from, a.first.day());
      wider_to = std::max(wider_to, a.last.day());
    }
    const bool goes_on = !found.empty() && !found.back().over && found.back().last.day() >= to;
    if (goes_on)
      wider_to = std::max(wider_to, day_after(to, 1));
    if (wider_from == from && wider_to == to) {
      settle(t, std::move(*before), found, now_s);
      return {};
    }
    from = wider_from;
    to = wider_to;
  }
}

result<std::vector<transformer_half_hour>> alarm_watch::half_hours_of(transformer_index t, utc_day first,
                                                                      utc_day last) {
  const gridtwin::estate& e = estate_->estate;
  const feeder_guard guard(e, t, estate_->rules);
  std::vector<transformer_half_hour> out;
  for (utc_day day = first; day <= last; day = day_after(day, 1)) {
    const auto feeders = reader_.loads(estate_->names.number_of[t.value], day);
    if (!feeders)
      return feeders.failure();
    if (feeders->empty())
      continue;
    const day_load sum = sum_believed(*feeders, day, guard);
    for (int slot = 0; slot < periods_per_day; ++slot) {
      const period p = period_at(day, slot);
      std::size_t expected = 0;
      for (std::size_t place = 0; place < guard.size(); ++place)
        expected += guard.expected(place).at(p);
      out.push_back({p, sum[static_cast<std::size_t>(slot)], static_cast<std::uint32_t>(expected)});
    }
  }
  return out;
}

/// Alarms as they were against overloads as they are now, both in order of time.
void alarm_watch::settle(transformer_index t, std::vector<alarm_record> before, const std::vector<overload>& found,
                         std::int64_t now_s) {
  std::sort(before.begin(), before.end(),
            [](const alarm_record& a, const alarm_record& b) { return a.first < b.first; });
  std::vector<bool> goes_on(before.size());
  for (const overload& o : found) {
    alarm_record now;
    now.transformer = estate_->estate.transformers[t.value].id;
    now.raised_at_s = now_s;
    for (std::size_t i = 0; i < before.size(); ++i)
      if (!goes_on[i] && before[i].first <= o.last && o.first <= before[i].last) {
        now = before[i];
        goes_on[i] = true;
        break;
      }
    const alarm_record was = now;
    now.first = o.first;
    now.last = o.last;
    now.half_hours = o.half_hours;
    now.peak = o.peak.period;
    now.peak_utilisation = utilisation_bp(estate_->estate.transformers[t.value], o.peak.load);
    now.reported = o.peak.load.reported;
    now.expected = o.peak.expected;
    now.state = o.over ? alarm_state::cleared : alarm_state::raised;
    now.ended_at_s = o.over ? (was.ended_at_s ? was.ended_at_s : std::optional(now_s)) : std::nullopt;
    if (now == was && now.id != 0)
      continue;
    note(now, now.id == 0 ? "raised" : now.state == was.state ? "changed" : name_of(now.state));
  }
  for (std::size_t i = 0; i < before.size(); ++i)
    if (!goes_on[i])
      end(std::move(before[i]), alarm_state::withdrawn, now_s);
}

void alarm_watch::judge_arrivals(std::int64_t now_s) {
  const overdue_meters& meters = *estate_->meters;
  std::vector<std::uint32_t> late;
  std::uint32_t waited_for = 0;
  for (std::uint32_t c = 0; c < meters.size(); ++c) {
    const auto awaited = meters.awaited({c});
    waited_for += awaited ? 1 : 0;
    if (awaited && meters.due_s({c}, *awaited) <= now_s)
      late.push_back(c);
  }
  for (auto at = overdue_.begin(); at != overdue_.end();) {
    const bool still = std::binary_search(late.begin(), late.end(), at->first);
    if (!still)
      end(std::move(at->second), alarm_state::cleared, now_s);
    at = still ? std::next(at) : overdue_.erase(at);
  }
  if (judge_fleet(static_cast<std::uint32_t>(late.size()), waited_for, now_s))
    return; // one incident, not one alarm for each
  for (const std::uint32_t c : late) {
    if (overdue_.contains(c))
      continue;
    const connection& row = estate_->estate.connections[c];
    alarm_record a;
    a.kind = alarm_kind::overdue;
    a.transformer = estate_->estate.transformers[estate_->estate.transformer_of(row).value].id;
    a.mpan = to_string(row.mpan);
    a.first = a.last = *meters.awaited({c});
    a.raised_at_s = now_s;
    newly_overdue_.emplace_back(change_.alarms.size(), c);
    note(std::move(a), name_of(alarm_state::raised));
  }
}

/// Whether so many are overdue that it is an incident.
bool alarm_watch::judge_fleet(std::uint32_t overdue, std::uint32_t waited_for, std::int64_t now_s) {
  const bool incident =
    overdue >= fewest_of_an_incident && std::uint64_t{overdue} * 100 > std::uint64_t{waited_for} * limits_.fleet_pct;
  if (!incident) {
    if (fleet_)
      end(*fleet_, alarm_state::cleared, now_s);
    return false;
  }
  const std::uint32_t reported = waited_for - overdue;
  if (fleet_) {
    // Told again when it has grown or shrunk by a hundredth of the meters.
    const std::uint32_t change =
      reported > fleet_->reported ? reported - fleet_->reported : fleet_->reported - reported;
    if (std::uint64_t{change} * 100 < waited_for)
      return true;
  }
  alarm_record a = fleet_.value_or(alarm_record());
  a.kind = alarm_kind::fleet_overdue;
  a.reported = reported;
  a.expected = waited_for;
  if (!fleet_) {
    a.raised_at_s = now_s;
    a.first = a.last = {static_cast<std::int32_t>(now_s / seconds_per_period + 1)};
  }
  note(std::move(a), fleet_ ? "changed" : name_of(alarm_state::raised));
  return true;
}

void alarm_watch::note(alarm_record a, std::string_view what) { change_.alarms.emplace_back(std::move(a), what); }

void alarm_watch::end(alarm_record a, alarm_state how, std::int64_t now_s) {
  a.state = how;
  a.ended_at_s = now_s;
  note(std::move(a), name_of(how));
}

/// What stands now that all is written, and what a log is told.
void alarm_watch::keep_standing(alarm_look& out) {
  for (const auto& [place, connection] : newly_overdue_)
    overdue_.emplace(connection, change_.alarms[place].first);
  for (const auto& [a, what] : change_.alarms) {
    out.raised += what == name_of(alarm_state::raised) ? 1 : 0;
    out.ended += a.state != alarm_state::raised ? 1 : 0;
    if (a.kind == alarm_kind::fleet_overdue)
      fleet_ = a.state == alarm_state::raised ? std::optional(a) : std::nullopt;
  }
}

} // namespace gridtwin
