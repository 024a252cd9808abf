#pragma once

#include "src/store/transformer_day_reader.hpp"
#include "twins/load_shape.hpp"

#include <functional>
#include <map>

namespace gridtwin {

/// The actual readings of a UTC day, summed over the estate.
using category_sums = std::map<shape_category, shape_day>;

/// Calls `f` for each UTC day `first` to `last` of which an actual reading was known at the cut, ascending. One day is
/// held at a time. What the store keeps with a transformer's day is taken where it is of that cut and of the
/// estate's categories; other days are summed from their readings. Error: the store could not be read.
result<void> for_each_shape_day(const store_cut& cut, utc_day first, utc_day last,
                                const std::function<void(utc_day, const category_sums&)>& f);

} // namespace gridtwin
