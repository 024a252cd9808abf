#include "sim/demand_model.hpp"

#include "sim/load_profiles.hpp"

#include <algorithm>

namespace gridtwin {

namespace {

/// Daylight in minutes of the UTC day and the clear-sky output at noon, by season in the order of `season`.
struct daylight {
  int sunrise_min;
  int sunset_min;
  int noon_permille;
};
constexpr std::array<daylight, 5> daylights{
  {{375, 1080, 500}, {285, 1180, 780}, {240, 1230, 850}, {330, 1150, 650}, {460, 980, 280}}};

/// A parabola between sunrise and sunset, taken at the middle of the half hour.
std::int32_t sun_permille(season s, int slot) noexcept {
  const daylight& day = daylights[static_cast<std::size_t>(s)];
  const int minute = slot * 30 + 15;
  if (minute <= day.sunrise_min || minute >= day.sunset_min)
    return 0;
  const int length = day.sunset_min - day.sunrise_min;
  return 4 * day.noon_permille * (minute - day.sunrise_min) / length * (day.sunset_min - minute) / length;
}

/// The row of a profile table for a settlement period. On the day of 46 periods the hour that never was is skipped, on
/// the day of 50 the hour that came twice is taken twice.
std::size_t clock_slot(const settlement_period& local) noexcept {
  int slot = local.number - 1;
  const int length = settlement_periods_of(local.date);
  if (length < periods_per_day && slot >= 2)
    slot += 2;
  else if (length > periods_per_day && slot >= 4)
    slot -= 2;
  return static_cast<std::size_t>(std::clamp(slot, 0, periods_per_day - 1));
}

/// What a panel gives in a half hour, cloud by day and GSP group and a little by house.
std::int64_t generated_wh(const customer& who, period when, const half_hour_shape& shape) noexcept {
  if (who.panel_w == 0 || shape.sun_permille == 0)
    return 0;
  const std::uint64_t cloud = draw(who.weather_key, static_cast<std::uint64_t>(when.day().number));
  const std::int64_t clear_permille = 150 + below(cloud, 851);
  const std::int64_t house_permille =
    850 + below(draw(who.noise_key + 1, static_cast<std::uint64_t>(when.number)), 151);
  return std::int64_t{who.panel_w} * shape.sun_permille * clear_permille / 1000 * house_permille / 1'000'000 / 2;
}

} // namespace

day_shape shape_of(utc_day day) noexcept {
  day_shape out;
  for (int slot = 0; slot < periods_per_day; ++slot) {
    const settlement_period local = to_settlement_period(period_at(day, slot));
    const season of_year = season_of(local.date);
    const std::size_t column = profile_column(of_year, day_type_of(local.date));
    const std::size_t row = clock_slot(local);
    out[static_cast<std::size_t>(slot)] = {domestic_profile_w[row][column], non_domestic_profile_w[row][column],
                                           sun_permille(of_year, slot)};
  }
  return out;
}

customer demand_model::customer_of(const estate& where, const connection& at) const noexcept {
  const std::uint64_t key = draw(customers_, at.mpan.number);
  customer who;
  who.noise_key = key;
  who.weather_key =
    draw(weather_, static_cast<std::uint64_t>(where.transformers[where.transformer_of(at).value].gsp_group));
  // The product of two uniform numbers: many small customers, few large ones, 975 on average.
  const std::int64_t product = std::int64_t{below(draw(key, 1), 1001)} * below(draw(key, 2), 1001);
  who.size_permille = static_cast<std::int32_t>(300 + 2700 * product / 1'000'000);
  if (at.type != connection_type::whole_current && at.type != connection_type::unmetered)
    who.size_permille *= 4;
  if ((at.quantities & mask_of(quantity::active_export)) != 0)
    who.panel_w = static_cast<std::int32_t>(2000 + below(draw(key, 3), 3001));
  who.domestic = at.domestic;
  return who;
}

std::int64_t demand_model::energy_wh(const customer& who, quantity what, period when,
                                     const half_hour_shape& shape) noexcept {
  const std::uint64_t random = draw(who.noise_key, static_cast<std::uint64_t>(when.number));
  // The sum of two uniform numbers: 400 to 1600, most often near 1000.
  const std::int64_t noise = 400 + below(random, 601) + below(random << 32, 601);
  const std::int64_t mean_w = who.domestic ? shape.domestic_w : shape.non_domestic_w;
  const std::int64_t load = mean_w * who.size_permille * noise / 2'000'000;
  const std::int64_t generated = generated_wh(who, when, shape);
  // Within the half hour the two do not quite meet, so both registers move.
  const std::int64_t self_used = std::min(load, generated) * 85 / 100;
  std::int64_t wh = 0;
  switch (what) {
  case quantity::active_import:
    wh = load - self_used;
    break;
  case quantity::active_export:
    wh = generated - self_used;
    break;
  case quantity::reactive_import:
    wh = load / 4;
    break;
  case quantity::reactive_export:
    wh = generated / 20;
    break;
  }
  return std::clamp(wh, std::int64_t{0}, most_simulated_wh);
}

} // namespace gridtwin
