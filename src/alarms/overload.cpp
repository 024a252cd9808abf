#include "src/alarms/overload.hpp"

#include "twins/energy.hpp"

#include <cstdlib>
#include <limits>

namespace gridtwin {

namespace {

/// Wh that the half hour's sum of import and export comes to.
uint128 net_wh(const half_hour_load& load) noexcept {
  return static_cast<uint128>(std::abs(load.import_wh - load.export_wh));
}

/// Whether a load is above, below or at so many hundredths of the rating, exactly: 1, -1, 0. kVA = Wh / 500 / power
/// factor, the factor in millionths, the rating in VA.
int compare(const transformer_info& t, const half_hour_load& load, std::uint32_t hundredths) noexcept {
  const uint128 shown = net_wh(load) * 2 * 1'000'000 * 100;
  const uint128 limit =
    static_cast<uint128>(t.power_factor_ppm) * static_cast<uint128>(t.rating_va) * uint128{hundredths};
  return shown > limit ? 1 : shown < limit ? -1 : 0;
}

} // namespace

std::int64_t utilisation_bp(const transformer_info& t, const half_hour_load& load) noexcept {
  constexpr auto most = static_cast<uint128>(std::numeric_limits<std::int64_t>::max());
  const uint128 rating = static_cast<uint128>(t.power_factor_ppm) * static_cast<uint128>(t.rating_va);
  if (rating == 0)
    return static_cast<std::int64_t>(most);
  const uint128 part = net_wh(load) * 2 * 1'000'000 * 10'000;
  const uint128 twice_rest = part % rating * 2;
  const uint128 share =
    part / rating + (twice_rest > rating || (twice_rest == rating && part / rating % 2 != 0) ? 1 : 0);
  return static_cast<std::int64_t>(share < most ? share : most);
}

std::vector<overload> find_overloads(const transformer_info& t, overload_limits limits,
                                     std::span<const transformer_half_hour> half_hours) {
  std::vector<overload> out;
  for (const transformer_half_hour& h : half_hours) {
    if (h.load.reported == 0)
      continue;
    if (out.empty() || out.back().over) {
      if (compare(t, h.load, limits.raise_pct) > 0)
        out.push_back({h.period, h.period, false, 1, h});
      continue;
    }
    overload& now = out.back();
    if (compare(t, h.load, limits.clear_pct) < 0) {
      now.over = true;
      continue;
    }
    now.last = h.period;
    ++now.half_hours;
    if (net_wh(h.load) > net_wh(now.peak.load))
      now.peak = h;
  }
  return out;
}

} // namespace gridtwin
