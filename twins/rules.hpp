#pragma once

#include "twins/appointments.hpp"
#include "twins/estate.hpp"
#include "twins/reading.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace gridtwin {

/// What is believed of the energy of a half hour, in Wh (varh).
struct energy_limit {
  std::int64_t maximum_wh = 0; ///< above it a reading is rejected (ECS1012)
  std::int64_t alarm_wh = 0;   ///< above it one is accepted and counted for somebody to look at
  bool operator==(const energy_limit&) const = default;
};

/// By connection type and market segment (`index_of`).
using energy_limits = std::array<std::array<energy_limit, market_segment_count>, connection_type_count>;

/// What holds without a rule pack of one's own. The industry publishes none (domain notes, 3.4): ours; why so large,
/// says `built_in_rule_settings`, which a test compares with these.
constexpr energy_limits default_energy_limits() noexcept {
  energy_limits out{};
  constexpr std::array<energy_limit, connection_type_count> by_type{{{60'000, 34'500},
                                                                     {1'000'000, 500'000},
                                                                     {20'000'000, 10'000'000},
                                                                     {500'000'000, 250'000'000},
                                                                     {10'000'000, 5'000'000}}};
  for (std::size_t type = 0; type < connection_type_count; ++type)
    for (energy_limit& one : out[type])
      one = by_type[type];
  return out;
}

/// Limits that the rules compare with, and the instant that a run takes for "now".
struct rule_limits {
  energy_limits energy = default_energy_limits();
  /// "Now", for rules that need one; without it no reading is in the future or past its final run.
  std::optional<std::int64_t> as_of_s;
  /// Half hours of settlement dates whose final reconciliation (RF) had passed by then: see `closed_at`. In few ranges,
  /// mostly one or two: the dates that are closed do not end at one date, for two timetables overlap.
  std::vector<period_range> closed;

  const energy_limit& of(connection_type type, market_segment segment) const noexcept {
    return energy[index_of(type)][index_of(segment)];
  }
  /// What no rule objects to and nobody needs to look at: of whole-current smart meters, nearly all there are.
  std::int64_t usual_wh() const noexcept { return quiet_wh(energy[0][0]); }
  static std::int64_t quiet_wh(const energy_limit& limit) noexcept {
    return std::min(limit.maximum_wh, limit.alarm_wh);
  }
  bool is_closed(period p) const noexcept {
    for (const period_range& range : closed)
      if (range.contains(p))
        return true;
    return false;
  }
};

/// Whether a rule objects, by the verdict that it gives: those that a twin checks by itself. Here, in the header,
/// because they are asked for every reading and the call would cost as much as the answer.
template <verdict Rule>
bool breaks(const reading& r, const connection& meter, const rule_limits& limits,
            std::span<const period_range> appointed = {}) noexcept {
  const content& c = r.content;
  if constexpr (Rule == verdict::negative)
    return c.wh < 0;
  else if constexpr (Rule == verdict::over_maximum)
    return c.wh > limits.of(meter.type, meter.segment).maximum_wh;
  else if constexpr (Rule == verdict::zero_estimate_not_zero)
    return is_zero_estimate(c.quality) && c.wh != 0;
  else if constexpr (Rule == verdict::reason_missing)
    return c.reasons.estimation == 0 && !is_actual(c.quality);
  else if constexpr (Rule == verdict::amendment_reason_missing)
    return c.reasons.estimation == estimation_amended && c.reasons.amendment == 0;
  else if constexpr (Rule == verdict::not_appointed)
    return !meter.effective.contains(r.period) || !is_appointed(appointed, r.period);
  else if constexpr (Rule == verdict::deenergised_estimate)
    return !meter.energised && !is_actual(c.quality);
  else if constexpr (Rule == verdict::future)
    return limits.as_of_s && r.period.end_s() > *limits.as_of_s;
  else {
    static_assert(Rule == verdict::past_final_run, "no rule of a twin gives this verdict");
    return !limits.closed.empty() && limits.is_closed(r.period);
  }
}

/// What a twin checks of a reading by itself, in the contract's order (groups 6 to 9). Nothing: no rule objects.
/// `appointed`: the meter's appointments, see `is_appointed`.
inline std::optional<verdict> broken_rule(const reading& r, const connection& meter, const rule_limits& limits,
                                          std::span<const period_range> appointed = {}) noexcept {
  const content& c = r.content;
  if (breaks<verdict::negative>(r, meter, limits))
    return verdict::negative;
  if (breaks<verdict::over_maximum>(r, meter, limits))
    return verdict::over_maximum;
  if (c.quality != actual || c.reasons != reasons{}) {
    if (breaks<verdict::zero_estimate_not_zero>(r, meter, limits))
      return verdict::zero_estimate_not_zero;
    if (breaks<verdict::reason_missing>(r, meter, limits))
      return verdict::reason_missing;
    if (breaks<verdict::amendment_reason_missing>(r, meter, limits))
      return verdict::amendment_reason_missing;
  }
  if (breaks<verdict::not_appointed>(r, meter, limits, appointed))
    return verdict::not_appointed;
  if (breaks<verdict::deenergised_estimate>(r, meter, limits))
    return verdict::deenergised_estimate;
  if (breaks<verdict::future>(r, meter, limits))
    return verdict::future;
  if (breaks<verdict::past_final_run>(r, meter, limits))
    return verdict::past_final_run;
  return std::nullopt;
}

/// What somebody should look at although no rule objects.
enum class warning : std::uint8_t {
  over_alarm,              ///< more than the alarm limit
  deenergised_consumption, ///< an actual above zero of a de-energised meter (event ConsumptionOnDeEnergisedMPAN,
                           ///< IF-014)
};
inline constexpr std::size_t warning_count = 2;
constexpr std::size_t index_of(warning w) noexcept { return static_cast<std::size_t>(w); }

/// Of a reading to which `broken_rule` does not object.
template <warning Rule>
bool warns(const reading& r, const connection& meter, const rule_limits& limits) noexcept {
  if constexpr (Rule == warning::over_alarm)
    return r.content.wh > limits.of(meter.type, meter.segment).alarm_wh;
  else
    return !meter.energised && r.content.wh != 0;
}

/// Whether a meter's usual readings can be judged by their content alone (`usual_content_stands`): its limits are no
/// narrower than those of whole-current smart meters, it is energised, on its feeder and appointed for ever, and there
/// is no "now".
inline bool is_usual_meter(const connection& meter, const rule_limits& limits,
                           std::span<const period_range> appointed = {}) noexcept {
  return rule_limits::quiet_wh(limits.of(meter.type, meter.segment)) >= limits.usual_wh() && meter.energised
         && meter.effective == period_range{} && appointed.empty() && !limits.as_of_s;
}

/// The same as `!broken_rule` for a meter of the usual kind, where the reading is an actual one, and nothing to warn
/// of; false leaves it to `broken_rule`. Needs no look at the meter, which is worth a cache miss a reading.
inline bool usual_content_stands(const content& c, const rule_limits& limits) noexcept {
  return c.wh >= 0 && c.wh <= limits.usual_wh() && c.quality == actual && c.reasons == reasons{};
}

} // namespace gridtwin
