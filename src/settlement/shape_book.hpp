#pragma once

#include "src/store/shape_record.hpp"
#include "src/store/transformer_day_reader.hpp"
#include "twins/hash.hpp"
#include "twins/load_shape.hpp"

#include <cstdint>
#include <map>

namespace gridtwin {

/// What of load shaping no source has settled; see `value_of` and `off_peak_window`.
struct shape_rules {
  std::uint32_t fewest_actuals = 1;
  off_peak_window off_peak = off_peak_window::periods_1_to_14;
};

/// The load shapes of a store as they were known at a cut, and those from outside, which go first wherever they have a
/// value. Prepared by one thread; then any number of threads may ask.
class shape_book {
public:
  /// `outside`: see `settlement_inputs::shapes`; outlives the book.
  shape_book(const shape_rules& rules, const published_shapes& outside) : rules_(rules), outside_(&outside) {}

  /// Computes the days `first` to `last`. One book is for one cut.
  result<void> prepare(const store_cut& cut, utc_day first, utc_day last);
  /// The same, of which totals alone are kept.
  result<void> prepare_totals(const store_cut& cut, utc_day first, utc_day last);

  /// The values of a day; no data (flag B) where there are none, and where the day was not prepared.
  const published_shape& shape(const shape_category& category, utc_day day) const noexcept;

  /// Totals of a day that was prepared, either way.
  shape_totals day_totals(const shape_category& category, utc_day day) const;
  /// See `gridtwin::seven_day_totals` and `gridtwin::annual_totals`; over the days that were prepared. A walk over
  /// the days, which a caller does once for many meters.
  shape_totals seven_day_totals(const shape_category& category, utc_day last) const;
  shape_totals annual_totals(const shape_category& category, utc_day last) const;

  /// Of the totals of all days that were prepared.
  digest totals_version() const;
  /// All that was prepared and has a value.
  const published_shapes& shapes() const noexcept { return shapes_; }

private:
  result<void> prepare(const store_cut& cut, utc_day first, utc_day last, bool values);
  void publish_day(utc_day day, const shape_category& category, const shape_day& sums, bool values);
  const daily_shape_totals& totals_of(const shape_category& category) const noexcept;

  shape_rules rules_;
  const published_shapes* outside_;
  published_shapes shapes_;
  std::map<shape_category, daily_shape_totals> totals_;
};

} // namespace gridtwin
