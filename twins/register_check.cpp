#include "twins/register_check.hpp"

#include "twins/energy.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

register_check check_pair(const register_read& from, const register_read& to, const interval_lookup& wh_of,
                          const register_tolerance& tolerance) {
  register_check out;
  out.from_s = from.at_s;
  out.to_s = to.at_s;
  out.advance_wh = to.wh - from.wh;
  // Every half hour that any of the time between lies in; those that stick out are not known for their part.
  const std::int64_t first_start = from.at_s - from.at_s % seconds_per_period;
  for (std::int64_t start = first_start; start < to.at_s; start += seconds_per_period) {
    const bool whole = start >= from.at_s && start + seconds_per_period <= to.at_s;
    const auto wh =
      whole ? wh_of({static_cast<std::int32_t>(start / seconds_per_period + 1)}) : std::optional<std::int64_t>();
    if (wh)
      out.interval_wh += *wh;
    else
      ++out.missing;
  }
  if (out.advance_wh < 0) // no half hour could mend that
    out.verdict = register_verdict::outside;
  else if (out.missing != 0)
    out.verdict = register_verdict::incomplete;
  else if (!within(tolerance, out.advance_wh, out.interval_wh))
    out.verdict = register_verdict::outside;
  return out;
}

} // namespace

bool within(const register_tolerance& tolerance, std::int64_t advance_wh, std::int64_t interval_wh) noexcept {
  constexpr unsigned thousand = 1000;
  const auto distance =
    static_cast<uint128>(advance_wh > interval_wh ? advance_wh - interval_wh : interval_wh - advance_wh);
  const auto share =
    static_cast<uint128>(std::max<std::int64_t>(advance_wh, 0)) * static_cast<uint128>(tolerance.per_mille);
  return distance <= static_cast<uint128>(tolerance.wh) || distance * thousand <= share;
}

std::vector<register_check> check_registers(std::span<const register_read> reads, const interval_lookup& wh_of,
                                            const register_tolerance& tolerance) {
  std::vector<register_check> out;
  std::optional<register_read> before;
  for (std::size_t i = 0; i < reads.size(); ++i) {
    if (i + 1 < reads.size() && reads[i + 1].at_s == reads[i].at_s)
      continue;
    if (before)
      out.push_back(check_pair(*before, reads[i], wh_of, tolerance));
    before = reads[i];
  }
  return out;
}

} // namespace gridtwin
