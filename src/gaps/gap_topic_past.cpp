// What a unit had before the record that is looked at.

#include "src/gaps/gap_topic.hpp"

#include "twins/meter_day.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

/// Days of other half hours that are looked through before it is worked out which meters have any at all.
constexpr int days_looked_through = 3;

} // namespace

presence gap_topic::presence_of(const meter_day& day) noexcept { return {day.occupied_mask(), day.current_mask()}; }

void gap_topic::put(meter_day& day, const stored_reading& r) { day.offer(int{r.slot}, r.version, r.content, true); }

result<const presence_rows*> gap_topic::day_before(turn& now, utc_day day) {
  if (const presence_rows* const kept = now.days->find(day))
    return kept;
  std::map<std::uint32_t, meter_day> held;
  auto loaded = load(now, day, [&](std::uint32_t row, const stored_reading& r) { put(held[row], r); });
  if (!loaded)
    return loaded.failure();
  presence_rows rows;
  for (const auto& [row, of] : held)
    rows.set(row, presence_of(of));
  return &now.days->add(day, std::move(rows));
}

result<void> gap_topic::load(turn& now, utc_day day,
                             const std::function<void(std::uint32_t row, const stored_reading&)>& f) {
  const auto age = [&](record_id record) { return age_of(now, record); };
  return contents_.read(now.what->transformers, day, age, [&](stored_place at, const stored_reading& r) {
    const meter_directory::entry* const of = meters_.find(at);
    const auto q = static_cast<std::uint32_t>(index_of(r.quantity));
    if (of == nullptr)
      return;
    if (now.what->moved && of->moved + moved_units == now.what->key)
      f(q, r);
    else if (!now.what->moved && of->moved == meter_directory::stays)
      f(of->first_slot * static_cast<std::uint32_t>(quantity_count) + q, r);
  });
}

result<record_age> gap_topic::age_of(const turn& now, record_id record) {
  const record_id at = now.of->record;
  const auto age = [](bool before) { return before ? record_age::before : record_age::not_before; };
  if (record.shard() == at.shard())
    return age(record.offset() < at.offset());
  if (!now.what->moved)
    return record_age::of_no_concern;
  const auto rows = rows_of(now.of->run);
  if (!rows)
    return rows.failure();
  const std::vector<std::uint32_t>& shards = (*rows)->shards(now.what->readings.front().of->meter);
  const auto place = [&](std::uint32_t shard) { return std::find(shards.begin(), shards.end(), shard); };
  const bool run_counts = place(record.shard()) < place(at.shard());
  const auto last = order_.last_before(*database_, record.shard(), now.of->run + (run_counts ? 1 : 0));
  if (!last)
    return last.failure();
  return age(record.offset() <= *last);
}

/// The nearest half hour with a value before one, or behind it.
result<std::optional<period>> gap_topic::nearest(turn& now, std::uint32_t row, period from, bool forward) {
  utc_day day = from.day();
  for (int looked = -1;; ++looked) {
    const auto rows = day_before(now, day);
    if (!rows)
      return rows.failure();
    std::uint64_t there = (*rows)->find(row).current;
    if (looked < 0)
      there &= forward ? bits_behind(from.slot()) : bits_before(from.slot());
    if (there != 0)
      return std::optional(period_at(day, forward ? first_of(there) : last_of(there)));
    if (!now.what->moved && (looked == days_looked_through || (looked < 0 && now.days->known_edges() != nullptr))) {
      const auto edges = edges_of(now);
      if (!edges)
        return edges.failure();
      const auto of = (*edges)->find(row);
      if (of == (*edges)->end() || (forward ? of->second.second <= from : of->second.first >= from))
        return std::optional<period>();
    }
    const auto step = days_.step(*database_, day, forward);
    if (!step)
      return step.failure();
    if (!*step)
      return std::optional<period>();
    day = **step;
  }
}

/// The first and last half hours of all the unit's rows.
result<const kept_presence::edges*> gap_topic::edges_of(turn& now) {
  if (const kept_presence::edges* const known = now.days->known_edges())
    return known;
  kept_presence::edges out;
  for (utc_day day{-1};;) { // before all that can be stored
    const auto step = days_.step(*database_, day, true);
    if (!step)
      return step.failure();
    if (!*step)
      return &now.days->add_edges(std::move(out));
    day = **step;
    const auto rows = day_before(now, day);
    if (!rows)
      return rows.failure();
    (*rows)->for_each([&](std::uint32_t row, const presence& p) {
      if (p.current == 0)
        return;
      const period last = period_at(day, last_of(p.current));
      out.try_emplace(row, period_at(day, first_of(p.current)), last).first->second.second = last;
    });
  }
}

result<std::vector<day_change>> gap_topic::days_between(turn& now, std::uint32_t row,
                                                        std::span<const day_change> changes) {
  std::vector<day_change> out;
  const utc_day last = changes.back().day;
  for (utc_day day = changes.front().day;;) {
    const auto changed =
      std::find_if(changes.begin(), changes.end(), [&](const day_change& c) { return c.day == day; });
    if (changed != changes.end()) {
      out.push_back(*changed);
    } else {
      const auto rows = day_before(now, day);
      if (!rows)
        return rows.failure();
      const std::uint64_t there = (*rows)->find(row).current;
      out.push_back({day, there, there});
    }
    const auto step = days_.step(*database_, day, true);
    if (!step)
      return step.failure();
    if (!*step || **step > last)
      return out;
    day = **step;
  }
}

} // namespace gridtwin
