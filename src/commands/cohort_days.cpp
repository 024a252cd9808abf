#include "src/commands/cohort_days.hpp"

#include <algorithm>
#include <bit>
#include <string>

namespace gridtwin {

namespace {

/// Half hours of a day that a transformer's meters have a current value of, as bits.
result<std::uint64_t> reported_mask(store_view& view, transformer_index t, utc_day day) {
  const auto& days = view.days_of(t);
  if (!std::binary_search(days.begin(), days.end(), day))
    return std::uint64_t{0};
  transformer_day_reader reader(view.cut(), t);
  if (auto loaded = reader.load(day); !loaded)
    return loaded.failure();
  std::uint64_t out = 0;
  for (std::size_t place = 0; place < reader.size(); ++place)
    if (const meter_day* const readings = reader.twin(place).find(day, quantity::active_import))
      out |= readings->current_mask();
  return out;
}

result<std::uint64_t> reported_mask(store_view& view, utc_day day) {
  std::uint64_t out = 0;
  for (std::uint32_t t = 0; t < view.estate().transformers.size(); ++t) {
    const auto mask = reported_mask(view, {t}, day);
    if (!mask)
      return mask.failure();
    out |= *mask;
  }
  return out;
}

/// Half hours of a day that a row of the estate should report, as bits.
std::uint64_t expected_of(const connection& c, utc_day day) noexcept {
  const std::int32_t begin = period_at(day, 0).number;
  const std::int32_t first = std::max(c.effective.first, begin);
  const std::int32_t end = std::min(c.effective.end, begin + periods_per_day);
  if (first >= end)
    return 0;
  return ((std::uint64_t{1} << (end - first)) - 1) << (first - begin);
}

/// Like is compared with like: connection type and whether it is a household.
std::string cohort_of(const connection& c) {
  return std::string(1, static_cast<char>(c.type)) + (c.domestic ? "/T" : "/F");
}

} // namespace

result<std::optional<reported_span>> span_of_readings(store_view& view) {
  std::optional<reported_span> out;
  const auto& days = view.days();
  std::size_t at = 0;
  for (; at < days.size() && !out; ++at) {
    const auto mask = reported_mask(view, days[at]);
    if (!mask)
      return mask.failure();
    if (*mask != 0)
      out = reported_span{period_at(days[at], std::countr_zero(*mask)), {}};
  }
  for (std::size_t back = days.size(); out && back > 0; --back) {
    const auto mask = reported_mask(view, days[back - 1]);
    if (!mask)
      return mask.failure();
    if (*mask == 0)
      continue;
    out->last = period_at(days[back - 1], static_cast<int>(std::bit_width(*mask)) - 1);
    break;
  }
  return out;
}

std::uint64_t half_hours_within(const reported_span& span, utc_day day) noexcept {
  std::uint64_t out = 0;
  for (int slot = 0; slot < periods_per_day; ++slot)
    out |= std::uint64_t{period_at(day, slot) >= span.first && period_at(day, slot) <= span.last} << slot;
  return out;
}

cohort_days::cohort_days(store_view& view, transformer_index t)
  : view_(&view), transformer_(t), reader_(view.cut(), t), member_of_(reader_.size(), nobody) {
  const feeder_range feeders = feeders_of(view.estate(), t);
  std::size_t place = 0; // rows stand by feeder, meter and time
  for (std::uint32_t f = 0; f < feeders.count; ++f) {
    first_member_.push_back(members_.size());
    for (; place < reader_.size() && reader_.meter(place).feeder.value == feeders.first + f; ++place) {
      const connection& c = reader_.meter(place);
      if (!c.energised || (c.quantities & mask_of(quantity::active_import)) == 0)
        continue;
      if (members_.size() == first_member_.back() || members_.back().meter != c.mpan) {
        members_.emplace_back();
        members_.back().meter = c.mpan;
        members_.back().cohort = cohort_of(c);
      }
      member_of_[place] = static_cast<std::uint32_t>(members_.size() - 1);
    }
  }
  first_member_.push_back(members_.size());
  for (place = 0; place < reader_.size(); ++place)
    for (const std::int32_t bound : {reader_.meter(place).effective.first, reader_.meter(place).effective.end})
      if (bound > first_storable_period.number && bound <= last_storable_period.number)
        changes_.push_back(period{bound}.day());
  std::sort(changes_.begin(), changes_.end());
  for (auto& of_day : revisions_)
    of_day.assign(members_.size(), 0);
}

std::vector<const cohort_member*> cohort_days::feeder(std::size_t place) const {
  std::vector<const cohort_member*> out;
  for (std::size_t i = first_member_[place]; i < first_member_[place + 1]; ++i)
    if (members_[i].expected != 0 || members_[i].revision != 0)
      out.push_back(&members_[i]);
  return out;
}

bool cohort_days::has(utc_day day) const {
  const auto& days = view_->days_of(transformer_);
  return std::binary_search(days.begin(), days.end(), day);
}

bool cohort_days::as_silent_as_before(utc_day day) const {
  const utc_day before{day.number - 1};
  const auto change = std::lower_bound(changes_.begin(), changes_.end(), before);
  return silent(day) && silent(before) && (change == changes_.end() || *change > day);
}

/// Today becomes yesterday, and nothing is known of a new today.
void cohort_days::turn_to_yesterday() {
  for (cohort_member& m : members_) {
    const auto wh_today = m.wh.begin() + periods_per_day;
    const auto version_today = m.version.begin() + periods_per_day;
    std::copy(wh_today, m.wh.end(), m.wh.begin());
    std::copy(version_today, m.version.end(), m.version.begin());
    std::fill(wh_today, m.wh.end(), no_reading);
    std::fill(version_today, m.version.end(), std::uint16_t{0});
    m.expected = 0;
    m.exports = false;
  }
  revisions_[0] = revisions_[1];
  revisions_[1].assign(members_.size(), 0);
}

void cohort_days::take_row(std::size_t place, utc_day day) {
  if (member_of_[place] == nobody)
    return;
  const connection& c = reader_.meter(place);
  cohort_member& m = members_[member_of_[place]];
  if (const std::uint64_t expected = expected_of(c, day); expected != 0) {
    m.expected |= expected;
    m.cohort = cohort_of(c); // of several rows of a day the last one's
    m.exports |= (c.quantities & mask_of(quantity::active_export)) != 0;
  }
  const meter_day* const readings = reader_.twin(place).find(day, quantity::active_import);
  if (readings == nullptr)
    return;
  for (int slot = 0; slot < periods_per_day; ++slot) {
    revisions_[1][member_of_[place]] += readings->accepted_versions(slot);
    if (const auto now = readings->current(slot)) {
      const auto at = static_cast<std::size_t>(periods_per_day + slot);
      m.wh[at] = now->content.wh;
      m.version[at] = now->version;
    }
  }
}

result<void> cohort_days::read(utc_day day) {
  turn_to_yesterday();
  if (has(day))
    if (auto loaded = reader_.load(day); !loaded)
      return loaded;
  for (std::size_t place = 0; place < reader_.size(); ++place)
    take_row(place, day);
  held_ = day;
  return {};
}

result<void> cohort_days::load(utc_day day) {
  if (held_ == day)
    return {};
  if (held_ != utc_day{day.number - 1})
    if (auto before = read({day.number - 1}); !before)
      return before;
  if (auto done = read(day); !done)
    return done;
  for (std::size_t i = 0; i < members_.size(); ++i)
    members_[i].revision = revisions_[0][i] + revisions_[1][i];
  return {};
}

} // namespace gridtwin
