#include "twins/feeder_limit.hpp"

#include "twins/energy.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

using namespace gridtwin;

namespace {

constexpr std::int64_t fuse_630_a = 630'000;

meter_kinds meters(std::uint32_t count, connection_type type = connection_type::whole_current,
                   market_segment segment = market_segment::smart) {
  meter_kinds out{};
  out[index_of(type)][index_of(segment)] = count;
  return out;
}

std::int64_t limit_wh(const meter_kinds& expected, std::int64_t rating_ma = 0, const feeder_limits& limits = {}) {
  return feeder_limit_wh(limits, default_energy_limits(), rating_ma, expected);
}

} // namespace

TEST_CASE("feeder_limit: VA-12 what is above, import or export, is over; what is at the limit is not") {
  CHECK(!is_over({1000, 1000, 2, 0, 2}, 1000)); // never netted, never added up
  CHECK(is_over({1001, 0, 1, 0, 1}, 1000));
  CHECK(is_over({0, 1001, 1, 0, 1}, 1000));
  CHECK(!is_over({}, 1));
}

TEST_CASE("feeder_limit: VA-12 a rating carries amperes times three phases of 230 V for half an hour") {
  CHECK(limit_wh(meters(40), fuse_630_a, {100, 1, 100}) == 217'350);
  CHECK(limit_wh(meters(40), fuse_630_a) == 4 * 217'350);
  CHECK(limit_wh(meters(5000), fuse_630_a) == 4 * 217'350); // a cable does not grow with its meters
  CHECK(limit_wh(meters(0), fuse_630_a) == 4 * 217'350);
  CHECK(limit_wh(meters(1), 1) == 1);                    // 1.38
  CHECK(limit_wh(meters(1), 500, {100, 1, 100}) == 172); // 172.5, rounded down
  CHECK(limit_wh(meters(1, connection_type::low_voltage), fuse_630_a) == 4 * 217'350);
  CHECK(limit_wh(meters(1, connection_type::unmetered), fuse_630_a) == 4 * 217'350);
}

TEST_CASE("feeder_limit: VA-12 a rating says nothing of energy at a high voltage") {
  for (const auto type : {connection_type::high_voltage, connection_type::extra_high})
    for (const market_segment segment : market_segments) {
      meter_kinds expected = meters(40);
      expected[index_of(type)][index_of(segment)] = 1;
      CHECK(limit_wh(expected, fuse_630_a) == limit_wh(expected));
      CHECK(limit_wh(expected) >= default_energy_limits()[index_of(type)][0].maximum_wh);
    }
}

TEST_CASE("feeder_limit: VA-12 without a rating: the floor, the alarms of all meters, or the maximum of one") {
  CHECK(limit_wh(meters(0)) == 1'000'000);
  CHECK(limit_wh(meters(28)) == 1'000'000);   // alarms of 966 kWh
  CHECK(limit_wh(meters(29)) == 29 * 34'500); // 1,000.5 kWh
  CHECK(limit_wh(meters(10'000)) == 345'000'000);
  CHECK(limit_wh(meters(1, connection_type::high_voltage)) == 20'000'000); // its maximum is above its alarm
  meter_kinds mixed = meters(100);
  mixed[index_of(connection_type::high_voltage)][index_of(market_segment::advanced)] = 2;
  CHECK(limit_wh(mixed) == 100 * 34'500 + 2 * 10'000'000);
  mixed[index_of(connection_type::high_voltage)][index_of(market_segment::advanced)] = 1;
  CHECK(limit_wh(mixed) == 20'000'000);
}

TEST_CASE("feeder_limit: VA-12 limits of a segment of its own, and the figures of the pack") {
  energy_limits energy = default_energy_limits();
  energy[index_of(connection_type::whole_current)][index_of(market_segment::advanced)] = {75'000, 50'000};
  CHECK(feeder_limit_wh({400, 1, 100}, energy, 0, meters(10, connection_type::whole_current, market_segment::advanced))
        == 500'000);
  CHECK(feeder_limit_wh({400, 1, 100}, energy, 0, meters(10)) == 345'000);
  CHECK(feeder_limit_wh({400, 1, 50}, energy, 0, meters(10)) == 172'500);
  CHECK(feeder_limit_wh({400, 1, 0}, energy, 0, meters(10)) == 1);
  CHECK(feeder_limit_wh({400, 400'000, 100}, energy, 0, meters(10)) == 400'000);
  CHECK(feeder_limit_wh({1, 400'000, 100}, energy, 10'000, meters(10)) == 34); // a rating is enough
}

TEST_CASE("feeder_limit: VA-12 the largest figures that are read do not run over") {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  energy_limits energy;
  for (auto& segments : energy)
    segments.fill({largest_energy_wh - 1, largest_energy_wh - 1});
  meter_kinds expected;
  for (auto& segments : expected)
    segments.fill(std::numeric_limits<std::uint32_t>::max());
  const feeder_limits limits{1'000'000, largest_energy_wh - 1, 1'000'000};
  CHECK(feeder_limit_wh(limits, energy, 0, expected) == most);
  CHECK(feeder_limit_wh(limits, energy, 10 * largest_energy_wh, meters(1)) == most);
}
