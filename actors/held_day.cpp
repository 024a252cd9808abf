#include "actors/held_day.hpp"

#include <algorithm>
#include <vector>

namespace gridtwin {

std::string encode_held_day(const hosted_twins& twins, std::span<const twin_slot> slots, utc_day day, held_part which) {
  std::vector<compact_row> rows;
  std::vector<stored_reading> exceptions;
  for (std::size_t place = 0; place < twins.size(); ++place)
    twins.at(place).days().for_each_of(day, [&](const open_day& held) {
      const meter_day& readings = held.readings;
      const std::uint64_t fresh = readings.fresh_mask();
      const std::uint64_t wanted = which == held_part::all           ? ~std::uint64_t{0}
                                   : which == held_part::of_this_run ? fresh
                                                                     : ~fresh;
      if (const std::uint64_t mask = readings.plain_mask() & wanted; mask != 0)
        rows.push_back({slots[place], held.quantity, mask, readings.plain_wh().data()});
      if (!readings.has_exceptions())
        return;
      readings.for_each_exception([&](const meter_day::exception& e) {
        if (which == held_part::all || e.fresh == (which == held_part::of_this_run))
          exceptions.push_back({slots[place], day, e.slot, held.quantity, e.version, e.content, 0, 0});
      });
    });
  if (rows.empty() && exceptions.empty())
    return {};
  const auto less = [](const compact_row& a, const compact_row& b) {
    return row_number(a.twin, a.quantity) < row_number(b.twin, b.quantity);
  };
  if (!std::is_sorted(rows.begin(), rows.end(), less))
    std::sort(rows.begin(), rows.end(), less);
  sort_exceptions(exceptions);
  return encode_fragment(rows, exceptions);
}

} // namespace gridtwin
