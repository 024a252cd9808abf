#include "src/settlement/shape_book.hpp"

#include "src/settlement/shape_days.hpp"
#include "src/store/bytes.hpp"
#include "src/store/shape_parts.hpp"

#include <algorithm>
#include <string>

namespace gridtwin {

namespace {

const published_shape* find_in(const published_shapes& shapes, const shape_category& category, utc_day day) noexcept {
  const auto of_category = shapes.find(category);
  if (of_category == shapes.end())
    return nullptr;
  const auto at = of_category->second.find(day);
  return at == of_category->second.end() ? nullptr : &at->second;
}

bool has_value(const published_shape& shape) noexcept {
  return std::any_of(shape.begin(), shape.end(), [](const shape_value& v) { return v.flag != shape_flag::no_data; });
}

} // namespace

result<void> shape_book::prepare(const store_cut& cut, utc_day first, utc_day last) {
  return prepare(cut, first, last, true);
}

result<void> shape_book::prepare_totals(const store_cut& cut, utc_day first, utc_day last) {
  return prepare(cut, first, last, false);
}

result<void> shape_book::prepare(const store_cut& cut, utc_day first, utc_day last, bool values) {
  // Those from outside, as if nothing had been read of them; what was read then fills what they leave open.
  for (const auto& [category, days] : *outside_)
    for (auto at = days.lower_bound(first); at != days.end() && at->first <= last; ++at)
      publish_day(at->first, category, {}, values);
  return for_each_shape_day(cut, first, last, [&](utc_day day, const category_sums& sums) {
    for (const auto& [category, of_category] : sums)
      publish_day(day, category, of_category, values);
  });
}

void shape_book::publish_day(utc_day day, const shape_category& category, const shape_day& sums, bool values) {
  published_shape out = publish(sums, rules_.fewest_actuals);
  if (const published_shape* const given = find_in(*outside_, category, day))
    for (std::size_t slot = 0; slot < out.size(); ++slot)
      if ((*given)[slot].flag != shape_flag::no_data)
        out[slot] = (*given)[slot];
  if (!has_value(out))
    return;
  totals_[category][day] = gridtwin::totals_of(out, rules_.off_peak);
  if (values)
    shapes_[category][day] = out;
}

const published_shape& shape_book::shape(const shape_category& category, utc_day day) const noexcept {
  static constexpr published_shape none{};
  const published_shape* const found = find_in(shapes_, category, day);
  return found == nullptr ? none : *found;
}

const daily_shape_totals& shape_book::totals_of(const shape_category& category) const noexcept {
  static const daily_shape_totals none;
  const auto at = totals_.find(category);
  return at == totals_.end() ? none : at->second;
}

shape_totals shape_book::day_totals(const shape_category& category, utc_day day) const {
  const daily_shape_totals& days = totals_of(category);
  const auto at = days.find(day);
  return at == days.end() ? shape_totals{} : at->second;
}

shape_totals shape_book::seven_day_totals(const shape_category& category, utc_day last) const {
  return gridtwin::seven_day_totals(totals_of(category), last);
}

shape_totals shape_book::annual_totals(const shape_category& category, utc_day last) const {
  return gridtwin::annual_totals(totals_of(category), last);
}

digest shape_book::totals_version() const {
  std::string bytes;
  byte_writer out(bytes);
  for (const auto& [category, days] : totals_) {
    out.byte(static_cast<std::uint8_t>(category.gsp_group));
    out.byte(kind_of(category));
    out.number(days.size());
    for (const auto& [day, totals] : days) {
      out.signed_number(day.number);
      out.signed_number(totals.peak_wh);
      out.signed_number(totals.off_peak_wh);
      out.number(totals.half_hours);
    }
  }
  return sha256(bytes);
}

} // namespace gridtwin
