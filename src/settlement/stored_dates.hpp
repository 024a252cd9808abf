#pragma once

#include "src/store/transformer_day_reader.hpp"

#include <span>
#include <vector>

namespace gridtwin {

/// The local settlement dates of which a store has a current value, ascending; whenever it became known. `days`: the
/// UTC days that the store has, ascending. A date is looked for in both UTC days that it spans; mostly the first
/// transformer has it. Error: the store could not be read.
result<std::vector<civil_date>> stored_dates(const store_cut& cut, std::span<const utc_day> days);

} // namespace gridtwin
