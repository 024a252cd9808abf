#include "twins/load.hpp"

namespace gridtwin {

namespace {

/// Sums what stands in the compact form only; returns the half hours it covered.
void add_plain(day_load& sum, const meter_day& readings, std::int64_t half_hour_load::*total) noexcept {
  const std::uint64_t plain = readings.plain_mask() & ~readings.special_mask();
  const auto& wh = readings.plain_wh();
  for (std::uint64_t rest = plain; rest != 0; rest &= rest - 1) {
    const auto slot = static_cast<std::size_t>(std::countr_zero(rest));
    if (total != nullptr)
      sum[slot].*total += wh[slot];
    ++sum[slot].revision;
  }
}

} // namespace

half_hour_load& half_hour_load::operator+=(const half_hour_load& other) noexcept {
  import_wh += other.import_wh;
  export_wh += other.export_wh;
  reported += other.reported;
  estimated += other.estimated;
  revision += other.revision;
  return *this;
}

half_hour_load& half_hour_load::operator-=(const half_hour_load& other) noexcept {
  import_wh -= other.import_wh;
  export_wh -= other.export_wh;
  reported -= other.reported;
  estimated -= other.estimated;
  revision -= other.revision;
  return *this;
}

day_load& operator-=(day_load& sum, const day_load& other) noexcept {
  for (std::size_t i = 0; i < sum.size(); ++i)
    sum[i] -= other[i];
  return sum;
}

day_load& operator+=(day_load& sum, const day_load& other) noexcept {
  for (std::size_t i = 0; i < sum.size(); ++i)
    sum[i] += other[i];
  return sum;
}

void add_meter(day_load& sum, const meter_twin& twin, utc_day day) noexcept {
  std::uint64_t reported = 0;
  std::uint64_t estimated = 0;
  for (const quantity q : quantities_by_name) {
    const meter_day* const held = twin.find(day, q);
    if (held == nullptr)
      continue;
    std::int64_t half_hour_load::*const total = q == quantity::active_import   ? &half_hour_load::import_wh
                                                : q == quantity::active_export ? &half_hour_load::export_wh
                                                                               : nullptr;
    add_plain(sum, *held, total);
    reported |= held->plain_mask() & ~held->special_mask();
    for (std::uint64_t rest = held->special_mask(); rest != 0; rest &= rest - 1) {
      const int slot = std::countr_zero(rest);
      half_hour_load& cell = sum[static_cast<std::size_t>(slot)];
      cell.revision += held->accepted_versions(slot);
      const auto now = held->current(slot);
      if (!now)
        continue;
      if (total != nullptr)
        cell.*total += now->content.wh;
      reported |= std::uint64_t{1} << slot;
      estimated |= is_actual(now->content.quality) ? 0 : std::uint64_t{1} << slot;
    }
  }
  for (; reported != 0; reported &= reported - 1) {
    const int slot = std::countr_zero(reported);
    ++sum[static_cast<std::size_t>(slot)].reported;
    sum[static_cast<std::size_t>(slot)].estimated += (estimated >> slot & 1U) != 0 ? 1U : 0U;
  }
}

} // namespace gridtwin
