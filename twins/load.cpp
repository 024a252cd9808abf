#include "twins/load.hpp"

namespace gridtwin {

namespace {

/// The sum that a quantity adds to; nothing for one that no feeder sums.
constexpr std::int64_t half_hour_load::*total_of(quantity q) noexcept {
  return q == quantity::active_import   ? &half_hour_load::import_wh
         : q == quantity::active_export ? &half_hour_load::export_wh
                                        : nullptr;
}

/// A day of which every half hour stands in the compact form: the usual one, and no branch in it.
void add_whole_day(day_load& sum, const meter_day& readings) noexcept {
  for (std::size_t slot = 0; slot < sum.size(); ++slot) {
    sum[slot].import_wh += readings.plain_wh()[slot];
    ++sum[slot].reported;
    ++sum[slot].revision;
  }
}

} // namespace

day_load& operator+=(day_load& sum, const day_load& other) noexcept {
  for (std::size_t i = 0; i < sum.size(); ++i)
    sum[i] += other[i];
  return sum;
}

half_hour_load detail::special_half_hour_of(const meter_twin& twin, utc_day day, int slot) noexcept {
  half_hour_load out;
  twin.days().for_each_of(day, [&](const open_day& held) {
    if ((held.readings.occupied_mask() >> slot & 1U) == 0)
      return;
    out.revision += held.readings.accepted_versions(slot);
    const auto now = held.readings.current(slot);
    if (!now)
      return;
    if (std::int64_t half_hour_load::*const total = total_of(held.quantity); total != nullptr)
      out.*total += now->content.wh;
    out.reported = 1;
    out.estimated |= is_actual(now->content.quality) ? 0U : 1U;
  });
  return out;
}

void add_meter(day_load& sum, const meter_twin& twin, utc_day day) noexcept {
  constexpr std::uint64_t all = (std::uint64_t{1} << periods_per_day) - 1;
  if (!twin.holds(day))
    return;
  const meter_day* const only = twin.days().lone_import(day);
  if (only != nullptr && only->plain_mask() == all && only->special_mask() == 0)
    return add_whole_day(sum, *only);
  for (int slot = 0; slot < periods_per_day; ++slot)
    sum[static_cast<std::size_t>(slot)] += half_hour_of(twin, day, slot);
}

} // namespace gridtwin
