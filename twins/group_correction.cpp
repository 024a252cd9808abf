#include "twins/group_correction.hpp"

#include "twins/energy.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace gridtwin {

namespace {

constexpr std::int64_t whole_weight = 100;
constexpr std::uint16_t largest_weight = 9999;
constexpr int factor_decimals = 9;

/// Products of two energies and a weight fit `int128`: 1e15 * 1e15 * 1e4.
constexpr bool in_bounds(std::int64_t wh) noexcept { return wh >= 0 && wh <= largest_energy_wh; }

error refuse(std::string why) { return {errc::usage, "group correction: " + std::move(why)}; }

/// Gives `left` watt-hours, one each, to the components with the largest remainders.
void give_out(std::int64_t left, const std::vector<int128>& remainders, std::vector<std::int64_t>& wh) {
  std::vector<std::size_t> order(remainders.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  for (std::size_t i = 0; i < static_cast<std::size_t>(left); ++i)
    ++wh[order[i]];
}

} // namespace

bool group_correction::is_within(const correction_comfort& range) const noexcept {
  return numerator * 1000 >= denominator * range.from_thousandths
         && numerator * 1000 <= denominator * range.to_thousandths;
}

result<group_correction> correct_to_take(std::int64_t take_wh, std::span<const weighted_volume> volumes) {
  std::int64_t sum = 0;
  int128 weighted = 0; // hundredths of a watt-hour
  for (const weighted_volume& v : volumes) {
    if (!in_bounds(v.wh) || v.weight_hundredths > largest_weight || !in_bounds(sum + v.wh))
      return refuse("volumes and their sum are 0 to " + std::to_string(largest_energy_wh) + " Wh, weights 0 to 99.99");
    sum += v.wh;
    weighted += int128{v.wh} * v.weight_hundredths;
  }
  if (!in_bounds(take_wh))
    return refuse("the take is 0 to " + std::to_string(largest_energy_wh) + " Wh");
  const std::int64_t missing = take_wh - sum;
  group_correction out;
  for (const weighted_volume& v : volumes)
    out.corrected_wh.push_back(v.wh);
  if (missing == 0)
    return out;
  if (weighted == 0)
    return refuse("a difference of " + std::to_string(missing)
                  + " Wh, and no component with energy and a weight above 0 to spread it over");

  out.numerator = weighted + int128{missing} * whole_weight;
  out.denominator = weighted;
  std::vector<int128> remainders(volumes.size());
  std::int64_t left = take_wh;
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    const weighted_volume& v = volumes[i];
    const int128 exact = v.wh * weighted + int128{v.wh} * v.weight_hundredths * missing; // times `weighted`
    if (exact < 0)
      return refuse("the take is so far below the sum that a component would fall below 0; look at its weight");
    out.corrected_wh[i] = static_cast<std::int64_t>(exact / weighted);
    remainders[i] = exact % weighted;
    left -= out.corrected_wh[i];
  }
  give_out(left, remainders, out.corrected_wh);
  return out;
}

std::string format_factor(const group_correction& correction) {
  const bool negative = correction.numerator < 0;
  const auto amount = static_cast<uint128>(negative ? -correction.numerator : correction.numerator);
  const std::string text = format_ratio(amount, static_cast<uint128>(correction.denominator), factor_decimals);
  return negative ? "-" + text : text;
}

} // namespace gridtwin
