#include "sim/demand_model.hpp"

#include "sim/load_profiles.hpp"

#include <doctest/doctest.h>

using namespace gridtwin;

TEST_CASE("seasons and days of the profiles") {
  CHECK(season_of({2026, 1, 15}) == season::winter);
  CHECK(season_of({2026, 12, 25}) == season::winter);
  CHECK(season_of({2026, 4, 15}) == season::spring);
  CHECK(season_of({2026, 6, 15}) == season::summer);
  CHECK(season_of({2026, 8, 1}) == season::high_summer);
  CHECK(season_of({2026, 10, 1}) == season::autumn);
  CHECK(day_type_of({2026, 3, 27}) == day_type::weekday);
  CHECK(day_type_of({2026, 3, 28}) == day_type::saturday);
  CHECK(day_type_of({2026, 3, 29}) == day_type::sunday);
}

TEST_CASE("the shape of a day follows the local clock") {
  const day_shape winter = shape_of({days_from_civil({2026, 1, 14})});
  CHECK(winter[0].domestic_w == 330);  // 00:30 on a winter weekday
  CHECK(winter[35].domestic_w == 920); // 18:00
  CHECK(winter[23].non_domestic_w == 3940);
  CHECK(winter[0].sun_permille == 0);
  CHECK(winter[24].sun_permille > 200);
  const day_shape summer = shape_of({days_from_civil({2026, 6, 10})});
  CHECK(summer[0].domestic_w == 210); // 00:30 UTC is 01:30 on the clock
}

TEST_CASE("energies are whole, bounded and near the published average") {
  estate where;
  where.transformers.resize(1);
  where.feeders.resize(1);
  const demand_model model(1);
  const utc_day day{days_from_civil({2026, 1, 14})};
  const day_shape shape = shape_of(day);
  std::int64_t total = 0;
  for (std::uint64_t meter = 1; meter <= 2'000; ++meter) {
    connection at;
    at.mpan = {meter};
    const customer who = model.customer_of(where, at);
    CHECK(who.size_permille >= 300);
    CHECK(who.size_permille <= 3000);
    for (int slot = 0; slot < periods_per_day; ++slot) {
      const std::int64_t wh = demand_model::energy_wh(who, quantity::active_import, period_at(day, slot),
                                                      shape[static_cast<std::size_t>(slot)]);
      CHECK(wh >= 0);
      CHECK(wh <= most_simulated_wh);
      total += wh;
    }
  }
  const std::int64_t mean = total / 2'000; // the profile's own day is 11.8 kWh
  CHECK(mean > 10'000);
  CHECK(mean < 13'000);
}
