#include "src/bench/trial_facts.hpp"

#include "twins/energy.hpp"
#include "twins/own_history.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

constexpr std::uint32_t fewest_for_a_year = 28 * periods_per_day;
constexpr std::int64_t nominated_in_wh = 100'000;

/// Whether a register is read at the midnight that begins a local date.
bool is_read_on(const civil_date& date, read_rhythm rhythm) noexcept {
  switch (rhythm) {
  case read_rhythm::monthly:
    return date.day == 1;
  case read_rhythm::weekly: // 1970-01-05 was a Monday
    return (days_from_civil(date) - 4) % 7 == 0;
  case read_rhythm::daily:
    break;
  }
  return true;
}

/// What was used, beside the shape of the same half hours.
struct compared_use {
  std::int64_t wh = 0;
  std::int64_t shape_wh = 0;
  std::uint32_t half_hours = 0;

  void take(std::int64_t used_wh, const shape_value& shape) noexcept {
    if (used_wh == half_hour_table::none || shape.flag == shape_flag::no_data)
      return;
    wh += used_wh;
    shape_wh += shape.wh;
    ++half_hours;
  }
  /// Brought to a year; nothing where there is too little.
  std::optional<annual_consumption> in_a_year(const shape_totals& annual) const noexcept {
    if (half_hours < fewest_for_a_year || shape_wh == 0)
      return std::nullopt;
    return annual_consumption{static_cast<std::int64_t>(
      static_cast<uint128>(wh) * static_cast<uint128>(annual.total_wh()) / static_cast<uint128>(shape_wh))};
  }
};

} // namespace

half_hour_table without(const half_hour_table& table, std::span<const held_half_hour> held) {
  half_hour_table out = table;
  for (const held_half_hour& h : held)
    out.rows[h.row].wh[h.position] = half_hour_table::none;
  return out;
}

trial_shapes shapes_of(const half_hour_table& rest, std::uint32_t fewest_actuals, off_peak_window off_peak) {
  std::map<shape_category, std::vector<shape_half_hour>> sums;
  for (const half_hour_table::row& row : rest.rows) {
    std::vector<shape_half_hour>& of_category = sums[row.category];
    of_category.resize(rest.half_hours);
    for (std::size_t i = 0; i < row.wh.size(); ++i)
      if (row.wh[i] != half_hour_table::none)
        of_category[i] += {row.wh[i], 1};
  }
  trial_shapes out;
  for (const auto& [category, of_category] : sums) {
    trial_shape& shape = out[category];
    std::map<utc_day, published_shape> days;
    for (std::size_t i = 0; i < of_category.size(); ++i) {
      const period p = rest.at(i);
      shape.values.push_back(value_of(of_category[i], fewest_actuals));
      days[p.day()][static_cast<std::size_t>(p.slot())] = shape.values.back();
    }
    for (const auto& [day, values] : days)
      shape.days[day] = totals_of(values, off_peak);
    // The last day with a value; the table's last local date may end within a day of which there is nothing more.
    auto last = shape.days.rbegin();
    while (std::next(last) != shape.days.rend() && last->second.half_hours == 0)
      ++last;
    shape.annual = annual_totals(shape.days, last->first);
  }
  return out;
}

std::vector<annual_figure> trial_annual_figures(const half_hour_table& rest, std::size_t row, const trial_shape& shape,
                                                int supplier_annual_days) {
  std::vector<annual_figure> out;
  const std::vector<std::int64_t>& wh = rest.rows[row].wh;
  compared_use seen;
  for (std::size_t i = 0; i < wh.size(); ++i) {
    const settlement_period local = to_settlement_period(rest.at(i));
    if (local.number == 1 && local.date.day == 1)
      if (const auto year = seen.in_a_year(shape.annual))
        out.push_back({local.date, annual_source::central, *year});
    seen.take(wh[i], shape.values[i]);
  }
  if (const auto year = seen.in_a_year(shape.annual)) {
    const std::int64_t nominated = (year->wh + nominated_in_wh / 2) / nominated_in_wh * nominated_in_wh;
    const std::int32_t first = days_from_civil(to_settlement_period(rest.first).date);
    const std::int32_t last = days_from_civil(to_settlement_period(rest.at(rest.half_hours - 1)).date);
    for (std::int32_t day = first; day <= last; day += supplier_annual_days)
      out.push_back({civil_from_days(day), annual_source::supplier, {nominated}});
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<register_read> trial_reads(const half_hour_table& table, std::size_t row, read_rhythm rhythm) {
  std::vector<register_read> out;
  std::int64_t counted_wh = 0;
  for (std::size_t i = 0; i < table.half_hours; ++i) {
    const settlement_period local = to_settlement_period(table.at(i));
    if (i == 0 || (local.number == 1 && is_read_on(local.date, rhythm)))
      out.push_back({table.at(i).start_s(), counted_wh});
    counted_wh += std::max<std::int64_t>(table.rows[row].wh[i], 0);
  }
  out.push_back({table.at(table.half_hours).start_s(), counted_wh});
  return out;
}

std::optional<std::int64_t> trial_facts::actual_at(period p) const {
  const auto position = rest_->position_of(p);
  if (!position || rest_->rows[row_].wh[*position] == half_hour_table::none)
    return std::nullopt;
  return rest_->rows[row_].wh[*position];
}

bool trial_facts::energised_at(period p) const {
  const auto position = table_->position_of(p);
  return position && table_->rows[row_].wh[*position] != half_hour_table::none;
}

shape_value trial_facts::shape_at(period p) const {
  const auto position = table_->position_of(p);
  return position ? shape_->values[*position] : shape_value{};
}

bool trial_facts::is_holiday(const civil_date& local_date) const {
  return std::binary_search(holidays_.begin(), holidays_.end(), local_date);
}

} // namespace gridtwin
