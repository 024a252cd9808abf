#include "twins/own_history.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>

namespace gridtwin {

namespace {

constexpr int short_day = 46; ///< the clock jumps from 01:00 to 02:00
constexpr int long_day = 50;  ///< from 02:00 back to 01:00
constexpr int change_slot = 2;
constexpr int hour = 2; ///< slots

struct values {
  std::vector<std::int64_t> wh;
  std::vector<civil_date> days; ///< descending
};

std::int64_t robust_mean(std::vector<std::int64_t> wh) {
  std::sort(wh.begin(), wh.end());
  if (wh.size() >= 5) {
    wh.front() = wh[1];
    wh.back() = wh[wh.size() - 2];
  }
  const std::int64_t sum = std::accumulate(wh.begin(), wh.end(), std::int64_t{0});
  return value_of(shape_half_hour{sum, static_cast<std::uint32_t>(wh.size())}).wh;
}

} // namespace

day_kind day_kind_of(const civil_date& date, bool holiday) noexcept {
  const std::int32_t days = days_from_civil(date); // 1970-01-01 was a Thursday
  const int from_monday = ((days + 3) % 7 + 7) % 7;
  if (holiday || from_monday == 6)
    return day_kind::sunday;
  return from_monday == 5 ? day_kind::saturday : day_kind::monday_to_friday;
}

int wall_clock_slot(const settlement_period& local) noexcept {
  const int slot = local.number - 1;
  const int periods = settlement_periods_of(local.date);
  if (periods == short_day && slot >= change_slot)
    return slot + hour;
  return periods == long_day && slot >= change_slot + hour ? slot - hour : slot;
}

std::vector<period> periods_at_wall_clock(const civil_date& date, int slot) {
  std::vector<period> out;
  const int periods = settlement_periods_of(date);
  if (periods == periods_per_day) { // of nearly all days, and asked for as often as anything
    if (const auto p = from_settlement_period({date, slot + 1}))
      out.push_back(*p);
    return out;
  }
  const int first = periods == short_day ? slot - hour : slot;
  for (int number = std::max(first, 0) + 1; number <= std::min(slot + hour + 1, periods); ++number) {
    if (wall_clock_slot({date, number}) != slot)
      continue;
    if (const auto p = from_settlement_period({date, number}))
      out.push_back(*p);
  }
  return out;
}

const std::vector<history_calendar::place>& history_calendar::before(period p, const estimation_facts& facts) {
  const auto [found, fresh] = places_.try_emplace(p.number);
  std::vector<place>& out = found->second;
  if (!fresh)
    return out;
  const settlement_period local = to_settlement_period(p);
  const int slot = wall_clock_slot(local);
  const std::int32_t date = days_from_civil(local.date);
  const day_kind kind = day_kind_of(local.date, facts.is_holiday(local.date));
  for (int back = 1; back <= span_.weeks * 7; ++back) {
    const civil_date day = civil_from_days(date - back);
    const bool same_kind = day_kind_of(day, facts.is_holiday(day)) == kind;
    for (const period at : periods_at_wall_clock(day, slot))
      out.push_back({at, day, same_kind});
  }
  return out;
}

std::optional<history_mean> mean_of_history(period p, const estimation_facts& facts, history_calendar& calendar) {
  values same;
  values all;
  for (const history_calendar::place& place : calendar.before(p, facts)) {
    const auto wh = facts.actual_at(place.period); // first: where there is none, nothing else matters
    if (!wh || !facts.energised_at(place.period))
      continue;
    for (values* const into : {&all, place.same_kind ? &same : nullptr}) {
      if (into == nullptr)
        continue;
      into->wh.push_back(*wh);
      if (into->days.empty() || into->days.back() != place.date)
        into->days.push_back(place.date);
    }
  }
  const int fewest = std::max(calendar.span().fewest, 1);
  const bool enough = same.wh.size() >= static_cast<std::size_t>(fewest);
  values& used = enough ? same : all;
  if (used.wh.empty())
    return std::nullopt;
  return history_mean{robust_mean(std::move(used.wh)), enough, {used.days.rbegin(), used.days.rend()}};
}

} // namespace gridtwin
