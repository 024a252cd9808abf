#include "src/settlement/date_progress.hpp"

#include "src/store/bytes.hpp"
#include "src/store/shape_parts.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>

namespace gridtwin {

namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

period_range periods_of(const civil_date& local_date) noexcept {
  const std::int32_t first = from_settlement_period({local_date, 1})->number;
  return {first, first + settlement_periods_of(local_date)};
}

std::uint32_t length_of(const period_range& a, const period_range& b) noexcept {
  const std::int32_t first = std::max(a.first, b.first);
  const std::int32_t end = std::min(a.end, b.end);
  return end > first ? static_cast<std::uint32_t>(end - first) : 0;
}

/// The half hours of a day that lie in a range, as bits.
std::uint64_t slots_in(const period_range& range, utc_day day) noexcept {
  const std::int64_t begin = period_at(day, 0).number;
  const auto cut = [&](std::int32_t number) {
    return static_cast<int>(std::clamp<std::int64_t>(number - begin, 0, periods_per_day));
  };
  const auto below = [](int slot) { return (std::uint64_t{1} << slot) - 1; };
  return below(cut(range.end)) & ~below(cut(range.first));
}

std::uint64_t actual_mask(const meter_day& readings) {
  std::uint64_t out = readings.plain_mask() & ~readings.special_mask();
  for (std::uint64_t rest = readings.special_mask(); rest != 0; rest &= rest - 1) {
    const int slot = std::countr_zero(rest);
    const auto now = readings.current(slot);
    if (now && is_actual(now->content.quality))
      out |= std::uint64_t{1} << slot;
  }
  return out;
}

std::uint64_t bits(std::uint64_t mask) noexcept { return static_cast<std::uint64_t>(std::popcount(mask)); }

error damaged(utc_day day) {
  return {errc::store_failed,
          "the store's summary of " + format_day(day) + " is damaged: replay the sources into a new store"};
}

} // namespace

progress_meter::progress_meter(const store_cut& cut, std::vector<measured_date> dates, progress_group by)
  : cut_(cut), dates_(std::move(dates)), by_(by) {
  for (const measured_date& of : dates_) {
    const period_range periods = periods_of(of.date);
    for (const std::int32_t edge : {periods.first, periods.end - 1}) {
      std::int64_t& exact = exact_from_s_.try_emplace(period{edge}.day(), never).first->second;
      exact = std::min(exact, of.exact_from_s);
    }
  }
}

result<progress_meter> progress_meter::open(const store_cut& cut, std::vector<measured_date> dates, progress_group by) {
  progress_meter out(cut, std::move(dates), by);
  auto unfinished = cut.reader->days_to_summarise();
  if (!unfinished)
    return unfinished.failure();
  for (const auto& [t, day] : *unfinished)
    out.unfinished_.emplace(t.value, day);
  return out;
}

result<void> progress_meter::add(transformer_index t) {
  begin(t);
  for (std::size_t date = 0; date < dates_.size(); ++date) {
    const period_range periods = periods_of(dates_[date].date);
    std::array<const held_day*, 2> days{};
    const utc_day first = period{periods.first}.day();
    const utc_day last = period{periods.end - 1}.day();
    for (std::size_t i = 0; i < (first == last ? 1U : 2U); ++i) {
      const auto held = hold(i == 0 ? first : last);
      if (!held)
        return held.failure();
      days[i] = *held;
    }
    count(date, periods, days);
  }
  return {};
}

void progress_meter::begin(transformer_index t) {
  transformer_ = t;
  connections_ = connections_of(*cut_.estate, t);
  meters_.assign(connections_.count, {});
  twins_ = std::vector<meter_twin>(connections_.count);
  place_of_slot_.clear();
  for (held_day& held : held_)
    held.day.reset();
  for (std::uint32_t place = 0; place < connections_.count; ++place) {
    std::vector<date_progress>& group = groups_[group_of(meter_at(place))];
    group.resize(dates_.size());
    meters_[place].group = &group;
    const std::uint32_t slot = cut_.topology->slot_of[connections_.first + place].value;
    if (slot >= place_of_slot_.size())
      place_of_slot_.resize(slot + 1);
    place_of_slot_[slot] = place + 1;
  }
}

std::string progress_meter::group_of(const connection& c) const {
  const transformer_info& t = cut_.estate->transformers[transformer_.value];
  switch (by_) {
  case progress_group::all:
    break;
  case progress_group::supplier:
    return {c.supplier_mpid.begin(), std::find(c.supplier_mpid.begin(), c.supplier_mpid.end(), '\0')};
  case progress_group::gsp_group:
    return std::string("_") + t.gsp_group;
  case progress_group::transformer:
    return t.id;
  }
  return {};
}

/// Of the two days that are held the earlier one gives way: dates ascend.
result<const progress_meter::held_day*> progress_meter::hold(utc_day day) {
  for (const held_day& held : held_)
    if (held.day == day)
      return &held;
  held_day& out = !held_[0].day || (held_[1].day && *held_[0].day < *held_[1].day) ? held_[0] : held_[1];
  out.day = day;
  out.rows.clear();
  out.actuals.reset();
  out.known = {};
  out.first_known.clear();
  const auto taken = take_summary(out);
  if (!taken)
    return taken.failure();
  if (!*taken)
    if (auto read = take_readings(out); !read)
      return read.failure();
  return &out;
}

result<bool> progress_meter::take_summary(held_day& out) {
  const transformer_number number = cut_.topology->number_of[transformer_.value];
  const utc_day day = *out.day;
  if (unfinished_.contains({number.value, day}))
    return false;
  const auto part = cut_.reader->shape_part(number, day);
  if (!part)
    return part.failure();
  if (!*part)
    return false;
  kept_shapes kept;
  const auto bytes = unpack(**part);
  if (!bytes || !decode_shapes(*bytes, day, kept))
    return damaged(day);
  if (kept.known_by_s > *cut_.as_known_at)
    return false;
  out.known.at_s = kept.known_by_s;
  if (kept.known_by_s >= exact_from_s_.at(day)) {
    const auto times = cut_.reader->known_times(number, day);
    if (!times)
      return times.failure();
    if (times->size() != 1)
      return false;
    out.known = times->front();
  }
  auto summary = cut_.reader->day_summary(number, day);
  if (!summary)
    return summary.failure();
  if (!*summary)
    return false;
  std::uint64_t received = 0;
  const bool good = decode_masks((*summary)->masks, [&](twin_slot slot, quantity q, std::uint64_t mask) {
    if (slot.value >= place_of_slot_.size() || place_of_slot_[slot.value] == 0)
      return;
    out.rows.push_back({place_of_slot_[slot.value] - 1, q, mask, mask});
    received += bits(mask);
  });
  if (!good)
    return damaged(day);
  std::array<std::uint32_t, periods_per_day> actuals{};
  for (const auto& [category, sums] : kept.parts)
    for (std::size_t slot = 0; slot < actuals.size(); ++slot)
      actuals[slot] += sums.half_hours[slot].actuals;
  if (std::accumulate(actuals.begin(), actuals.end(), std::uint64_t{0}) == received)
    return true;
  if (by_ == progress_group::supplier) { // whose they are, the sums do not tell
    out.rows.clear();
    return false;
  }
  out.actuals = actuals;
  return true;
}

result<void> progress_meter::take_readings(held_day& out) {
  const utc_day day = *out.day;
  std::vector<std::uint32_t> row_of(std::size_t{connections_.count} * quantity_count); // from 1
  std::array<std::int64_t, periods_per_day> none{};
  none.fill(never);
  const auto take = [&](const stored_reading& r, const fragment_origin& from) {
    const std::int64_t known = from.known.of(period_at(day, r.slot));
    if (known > *cut_.as_known_at || r.twin.value >= place_of_slot_.size() || place_of_slot_[r.twin.value] == 0)
      return;
    const std::uint32_t place = place_of_slot_[r.twin.value] - 1;
    std::uint32_t& row = row_of[std::size_t{place} * quantity_count + index_of(r.quantity)];
    if (row == 0) {
      out.rows.push_back({place, r.quantity, 0, 0});
      out.first_known.push_back(none);
      row = static_cast<std::uint32_t>(out.rows.size());
    }
    std::int64_t& first = out.first_known[row - 1][r.slot];
    first = std::min(first, known);
    twins_[place].restore(day, r.quantity, r.slot, r.version, r.content, true);
  };
  const auto loaded = cut_.reader->load(cut_.topology->number_of[transformer_.value], day, take);
  if (!loaded)
    return loaded.failure();
  for (held_day::row& row : out.rows) {
    const meter_day& readings = *twins_[row.place].find(day, row.quantity);
    row.current = readings.current_mask();
    row.actual = actual_mask(readings);
  }
  for (const held_day::row& row : out.rows)
    twins_[row.place].release(day);
  return {};
}

void progress_meter::count(std::size_t date, period_range periods, const std::array<const held_day*, 2>& days) {
  for (std::uint32_t place = 0; place < connections_.count; ++place) {
    const connection& c = meter_at(place);
    const std::uint32_t length = length_of(c.effective, periods);
    meters_[place].expected = length * static_cast<std::uint32_t>(std::popcount(c.quantities));
    meters_[place].received = 0;
  }
  for (const held_day* held : days)
    if (held != nullptr)
      count_day(date, periods, *held);
  for (std::uint32_t place = 0; place < connections_.count; ++place) {
    const meter& m = meters_[place];
    date_progress& group = (*m.group)[date];
    group.expected += m.expected;
    group.received += m.received;
    if (m.received == m.expected)
      continue;
    const connection& c = meter_at(place);
    if (c.effective.first <= periods.first && c.effective.end >= periods.end)
      ++group.whole_date_meters_with_gaps;
    else
      group.other_meters_with_gaps.insert(c.mpan.number);
  }
}

void progress_meter::count_day(std::size_t date, period_range periods, const held_day& held) {
  const std::uint64_t of_date = slots_in(periods, *held.day);
  for (std::size_t i = 0; i < held.rows.size(); ++i) {
    const held_day::row& row = held.rows[i];
    const connection& c = meter_at(row.place);
    if ((c.quantities & mask_of(row.quantity)) == 0)
      continue;
    const std::uint64_t current = row.current & of_date & slots_in(c.effective, *held.day);
    if (current == 0)
      continue;
    meter& m = meters_[row.place];
    date_progress& group = (*m.group)[date];
    m.received += static_cast<std::uint32_t>(bits(current));
    if (!held.actuals)
      group.actual += bits(current & row.actual);
    if (held.first_known.empty() && held.known.at_s) {
      group.known.add(*held.known.at_s, bits(current));
      continue;
    }
    for (std::uint64_t rest = current; rest != 0; rest &= rest - 1) {
      const int slot = std::countr_zero(rest);
      const std::int64_t known = held.first_known.empty() ? period_at(*held.day, slot).end_s()
                                                          : held.first_known[i][static_cast<std::size_t>(slot)];
      group.known.add(known, 1);
    }
  }
  if (!held.actuals || meters_.empty())
    return;
  date_progress& group = (*meters_.front().group)[date]; // one for all of a transformer's meters
  for (std::uint64_t rest = of_date; rest != 0; rest &= rest - 1)
    group.actual += (*held.actuals)[static_cast<std::size_t>(std::countr_zero(rest))];
}

} // namespace gridtwin
