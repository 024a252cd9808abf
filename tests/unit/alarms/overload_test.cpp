#include "src/alarms/overload.hpp"

#include "tests/support/seeded_random.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

/// 10 kVA at a power factor of 1: 5,000 Wh a half hour are its rating.
transformer_info ten_kva() {
  transformer_info t;
  t.rating_va = 10'000;
  t.power_factor_ppm = 1'000'000;
  return t;
}

constexpr std::int32_t first_period = 980'000;

/// -1: nothing is known.
std::vector<transformer_half_hour> half_hours_of(const std::vector<std::int64_t>& wh) {
  std::vector<transformer_half_hour> out;
  for (std::size_t i = 0; i < wh.size(); ++i) {
    transformer_half_hour h{{first_period + static_cast<std::int32_t>(i)}, {}, 5};
    if (wh[i] >= 0)
      h.load = {wh[i], 0, 4, 0, 4};
    out.push_back(h);
  }
  return out;
}

std::vector<overload> found_in(const std::vector<std::int64_t>& wh) {
  return find_overloads(ten_kva(), {}, half_hours_of(wh));
}

} // namespace

TEST_CASE("overload: begins above the rating, ends below 95 %, and what lies between is one") {
  const auto found = found_in({4000, 5000, 5001, 4900, 4750, 6000, 4749, 5000, 7000});
  REQUIRE(found.size() == 2);
  CHECK(found[0].first == period{first_period + 2});
  CHECK(found[0].last == period{first_period + 5});
  CHECK(found[0].half_hours == 4);
  CHECK(found[0].over);
  CHECK(found[0].peak.period == period{first_period + 5});
  CHECK(found[0].peak.load.reported == 4);
  CHECK(found[0].peak.expected == 5);
  CHECK(found[1].first == period{first_period + 8});
  CHECK(!found[1].over);
}

TEST_CASE("overload: a half hour of which nothing is known neither begins nor ends one") {
  const auto found = found_in({-1, 5001, -1, -1, 5200, -1});
  REQUIRE(found.size() == 1);
  CHECK(found[0].first == period{first_period + 1});
  CHECK(found[0].last == period{first_period + 4});
  CHECK(found[0].half_hours == 2);
  CHECK(!found[0].over);
  CHECK(found_in({}).empty());
  CHECK(found_in({-1, 5000}).empty());
}

TEST_CASE("overload: export counts as import does, each against the other") {
  std::vector<transformer_half_hour> half_hours = half_hours_of({0, 0, 0});
  half_hours[0].load.export_wh = 5001;
  half_hours[1].load.import_wh = 9000;
  half_hours[1].load.export_wh = 8000;
  half_hours[2].load.import_wh = 14'000;
  half_hours[2].load.export_wh = 8000;
  const auto found = find_overloads(ten_kva(), {}, half_hours);
  REQUIRE(found.size() == 2);
  CHECK(found[0].over);
  CHECK(utilisation_bp(ten_kva(), half_hours[2].load) == 12'000);
}

TEST_CASE("overload: the share of the rating is exact, with the power factor, up to what a sum can hold") {
  transformer_info t = ten_kva();
  t.power_factor_ppm = 950'000;
  CHECK(utilisation_bp(t, {4750, 0, 1, 0, 1}) == 10'000);
  CHECK(utilisation_bp(t, {4749, 0, 1, 0, 1}) == 9'998);
  CHECK(find_overloads(t, {}, std::vector<transformer_half_hour>{{{1}, {4750, 0, 1, 0, 1}, 1}}).empty());
  CHECK(find_overloads(t, {}, std::vector<transformer_half_hour>{{{1}, {4751, 0, 1, 0, 1}, 1}}).size() == 1);
  constexpr std::int64_t huge = std::int64_t{1} << 58;
  CHECK(utilisation_bp(t, {huge, 0, 1, 0, 1}) > 0);
  CHECK(find_overloads(t, {}, std::vector<transformer_half_hour>{{{1}, {huge, 0, 1, 0, 1}, 1}}).size() == 1);
}

TEST_CASE("overload: as the rule said plainly finds them, on figures at random") {
  seeded_random random(3);
  for (int turn = 0; turn < 300; ++turn) {
    std::vector<std::int64_t> wh;
    for (int i = 0; i < 60; ++i)
      wh.push_back(random.chance(1, 5) ? -1 : random.between<std::int64_t>(4600, 5150));
    // Half hour by half hour: inside from the first above 5,000 until one below 4,750.
    std::vector<std::vector<std::size_t>> plain;
    std::vector<bool> over;
    bool inside = false;
    for (std::size_t i = 0; i < wh.size(); ++i) {
      if (wh[i] < 0)
        continue;
      if (!inside && wh[i] > 5000) {
        plain.emplace_back();
        over.push_back(false);
        inside = true;
      } else if (inside && wh[i] < 4750) {
        over.back() = true;
        inside = false;
      }
      if (inside)
        plain.back().push_back(i);
    }
    const auto found = found_in(wh);
    REQUIRE(found.size() == plain.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i].first.number - first_period == static_cast<std::int32_t>(plain[i].front()));
      CHECK(found[i].last.number - first_period == static_cast<std::int32_t>(plain[i].back()));
      CHECK(found[i].half_hours == plain[i].size());
      CHECK(found[i].over == over[i]);
      std::size_t peak = plain[i].front();
      for (const std::size_t at : plain[i])
        peak = wh[at] > wh[peak] ? at : peak;
      CHECK(found[i].peak.period.number - first_period == static_cast<std::int32_t>(peak));
    }
  }
}
