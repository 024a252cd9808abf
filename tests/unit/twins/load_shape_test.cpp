#include "twins/load_shape.hpp"

#include "tests/support/seeded_random.hpp"
#include "twins/energy.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace gridtwin;
using namespace gridtwin::testing;

namespace {

constexpr std::int64_t trillion = 1'000'000'000'000;
constexpr std::int64_t largest = std::numeric_limits<std::int64_t>::max();

content reading_of(std::int64_t wh, std::string_view quality_name = "A") {
  const auto q = parse_quality(quality_name);
  REQUIRE(q);
  return {wh, *q, {}};
}

/// Every value is `wh`.
published_shape flat_shape(std::int64_t wh, shape_flag flag = shape_flag::actual_mean) {
  published_shape out;
  out.fill({wh, flag});
  return out;
}

shape_totals total_of(std::int64_t wh) { return {wh, 0, 1, 1}; }

/// Share by share as the comment says it: down, then round by round to the earliest that is below its share.
std::vector<std::int64_t> apportion_slowly(std::int64_t advance, const std::vector<std::int64_t>& shape) {
  uint128 sum = 0;
  for (const std::int64_t v : shape)
    sum += static_cast<uint128>(v);
  std::vector<std::int64_t> out;
  std::vector<bool> cut;
  std::int64_t given = 0;
  for (const std::int64_t v : shape) {
    const uint128 product = static_cast<uint128>(advance) * static_cast<uint128>(sum == 0 ? 1 : v);
    const uint128 by = sum == 0 ? shape.size() : sum;
    out.push_back(static_cast<std::int64_t>(product / by));
    cut.push_back(product % by != 0);
    given += out.back();
  }
  for (std::size_t i = 0; i < out.size() && given < advance; ++i) {
    out[i] += cut[i] ? 1 : 0;
    given += cut[i] ? 1 : 0;
  }
  return out;
}

std::vector<std::int64_t> apportioned(std::int64_t advance, const std::vector<std::int64_t>& shape) {
  const auto out = apportion(advance, shape);
  REQUIRE(out);
  return *out;
}

uint128 sum_of(const std::vector<std::int64_t>& values) {
  uint128 sum = 0;
  for (const std::int64_t v : values)
    sum += static_cast<uint128>(v);
  return sum;
}

using wh_list = std::vector<std::int64_t>;

} // namespace

TEST_CASE("load_shape: the mean of the actuals, worked by hand") {
  shape_day day;
  CHECK(day.take(9, reading_of(200)));
  CHECK(day.take(9, reading_of(300)));
  CHECK(day.take(9, reading_of(700)));
  CHECK(!day.take(9, reading_of(1000, "E1"))); // an estimate
  CHECK(day.half_hours[9] == shape_half_hour{1200, 3});
  const shape_value value = publish(day)[9];
  CHECK(value == shape_value{400, shape_flag::actual_mean});
  CHECK(format_ratio(static_cast<uint128>(value.wh), 1000, 3) == "0.400");
  CHECK(static_cast<char>(value.flag) == 'A');
  CHECK(publish(day)[8] == shape_value{0, shape_flag::no_data});
  CHECK(static_cast<char>(publish(day)[8].flag) == 'B');
  CHECK(publish(day)[10] == shape_value{});
}

TEST_CASE("load_shape: which readings are taken") {
  for (const char* name : {"A", "A1", "A2", "A3", "AAE1", "AAE2", "AAE3"}) {
    shape_day day;
    CHECK(day.take(0, reading_of(5, name)));
    CHECK(day.half_hours[0] == shape_half_hour{5, 1});
  }
  shape_day day;
  for (const char* name : {"E", "E0", "E9", "ZE", "ZE1", "EA1", "EA12", "EAE1"})
    CHECK(!day.take(0, reading_of(0, name)));
  CHECK(!day.take(0, reading_of(-1)));
  CHECK(!day.take(0, reading_of(largest_shape_wh + 1)));
  CHECK(day == shape_day{});
  CHECK(day.take(0, reading_of(0))); // a zero is a reading
  CHECK(day.take(47, reading_of(largest_shape_wh)));
  CHECK(day.half_hours[0] == shape_half_hour{0, 1});
  CHECK(publish(day)[0] == shape_value{0, shape_flag::actual_mean});
  CHECK(publish(day)[47].wh == largest_shape_wh);
  CHECK(format_ratio(static_cast<uint128>(publish(day)[47].wh), 1000, 3) == "999999999.999");
}

TEST_CASE("load_shape: a mean is rounded half to even") {
  const auto mean = [](std::int64_t sum, std::uint32_t count) { return value_of({sum, count}).wh; };
  CHECK(mean(1, 2) == 0);
  CHECK(mean(3, 2) == 2);
  CHECK(mean(5, 2) == 2);
  CHECK(mean(7, 2) == 4);
  CHECK(mean(1, 3) == 0);
  CHECK(mean(2, 3) == 1);
  CHECK(mean(6, 4) == 2);
  CHECK(mean(10, 4) == 2);
  CHECK(mean(11, 4) == 3);
  CHECK(mean(largest, 1) == largest);
  CHECK(mean(largest, std::numeric_limits<std::uint32_t>::max()) == 2'147'483'648); // 2147483648.5 and a bit less
}

TEST_CASE("load_shape: thresholds and what comes from outside") {
  const shape_half_hour two{30, 2};
  const shape_value given{77, shape_flag::default_value};
  const shape_value behind{78, shape_flag::back_stop};
  CHECK(value_of(two, 2, given) == shape_value{15, shape_flag::actual_mean});
  CHECK(value_of(two, 3) == shape_value{});
  CHECK(value_of(two, 3, given) == given);
  CHECK(value_of({}, 1, behind) == behind);
  CHECK(value_of({}, 0) == shape_value{}); // a threshold of 0 divides nothing by nothing
  CHECK(value_of({}, 0, given) == given);
  CHECK(value_of({}, 1, {79, shape_flag::actual_mean}) == shape_value{}); // nobody can give us an actual
  CHECK(value_of({}, 1, {79, shape_flag::no_data}) == shape_value{});
  CHECK(value_of({}, 1, {-1, shape_flag::default_value}) == shape_value{});
  CHECK(value_of({}, 1, {largest_shape_wh + 1, shape_flag::back_stop}) == shape_value{});
  CHECK(static_cast<char>(shape_flag::default_value) == 'D');
  CHECK(static_cast<char>(shape_flag::back_stop) == 'E');

  shape_day day;
  day.half_hours[3] = two;
  published_shape fallback;
  fallback[3] = given;
  fallback[4] = behind;
  const published_shape out = publish(day, 1, fallback);
  CHECK(out[3] == shape_value{15, shape_flag::actual_mean});
  CHECK(out[4] == behind);
  CHECK(out[5] == shape_value{});
  CHECK(publish(day, 3, fallback)[3] == given);
}

TEST_CASE("load_shape: a category is split by each of its parts") {
  const shape_category first;
  std::map<shape_category, int> shapes{{first, 0}};
  const auto add = [&](auto change) {
    shape_category c;
    change(c);
    shapes[c] = 1;
  };
  add([](shape_category& c) { c.gsp_group = 'B'; });
  add([](shape_category& c) { c.type = connection_type::low_voltage; });
  add([](shape_category& c) { c.segment = market_segment::advanced; });
  add([](shape_category& c) { c.domestic = false; });
  add([](shape_category& c) { c.quantity = quantity::active_export; });
  CHECK(shapes.size() == 6);
  CHECK(shapes.at(first) == 0);
  add([](shape_category&) {});
  CHECK(shapes.size() == 6);
}

TEST_CASE("load_shape: parts merge to the same shape in any order") {
  seeded_random random(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<shape_day> parts(static_cast<std::size_t>(random.between(1, 8)));
    std::array<std::vector<std::int64_t>, periods_per_day> taken; // the naive way: every reading kept
    for (int i = 0; i < 400; ++i) {
      const int slot = static_cast<int>(random.below(periods_per_day));
      const content reading = reading_of(random.between<std::int64_t>(0, 3000), random.chance(1, 4) ? "E2" : "A");
      parts[static_cast<std::size_t>(random.below(parts.size()))].take(slot, reading);
      if (reading.quality == actual)
        taken[static_cast<std::size_t>(slot)].push_back(reading.wh);
    }
    shape_day in_order;
    for (const shape_day& part : parts)
      in_order += part;
    random.shuffle(parts);
    while (parts.size() > 1) { // by pairs, whichever stand last
      parts[parts.size() - 2] += parts.back();
      parts.pop_back();
      random.shuffle(parts);
    }
    CHECK(parts.front() == in_order);
    int wrong = 0;
    for (std::size_t i = 0; i < taken.size(); ++i) {
      std::int64_t sum = 0;
      for (const std::int64_t wh : taken[i])
        sum += wh;
      const shape_half_hour expected{sum, static_cast<std::uint32_t>(taken[i].size())};
      wrong += in_order.half_hours[i] == expected ? 0 : 1;
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("load_shape: off-peak by either window") {
  published_shape day = flat_shape(0);
  for (std::size_t i = 0; i < day.size(); ++i)
    day[i].wh = std::int64_t{1} << i; // period i + 1 is bit i
  const auto bits = [](int first, int last) { return (std::int64_t{1} << last) - (std::int64_t{1} << (first - 1)); };
  const shape_totals early = totals_of(day, off_peak_window::periods_1_to_14);
  CHECK(early.off_peak_wh == bits(1, 14));
  CHECK(early.peak_wh == bits(15, 48));
  const shape_totals late = totals_of(day, off_peak_window::periods_2_to_15);
  CHECK(late.off_peak_wh == bits(2, 15));
  CHECK(late.peak_wh == bits(1, 1) + bits(16, 48));
  CHECK(early.total_wh() == bits(1, 48));
  CHECK(late.total_wh() == bits(1, 48));
  CHECK(early.days == 1);
  CHECK(early.half_hours == 48);
}

TEST_CASE("load_shape: totals are of published values, and say what they cover") {
  // The published ramp, 9.901 to 9.948 kWh: 476.376 in all.
  published_shape ramp = flat_shape(0);
  for (std::size_t i = 0; i < ramp.size(); ++i)
    ramp[i].wh = 9901 + static_cast<std::int64_t>(i);
  CHECK(totals_of(ramp, off_peak_window::periods_1_to_14).total_wh() == 476'376);

  // Three halves are rounded to 2 each, so the day has 96 and not 72.
  shape_day halves;
  halves.half_hours.fill({3, 2});
  CHECK(totals_of(publish(halves), off_peak_window::periods_1_to_14) == shape_totals{68, 28, 1, 48});

  published_shape part = flat_shape(10);
  part[0] = {};
  part[20] = {};
  part[21] = {500, shape_flag::default_value};
  part[22] = {600, shape_flag::back_stop};
  part[23] = {999, shape_flag::no_data}; // a value that nobody made
  CHECK(totals_of(part, off_peak_window::periods_1_to_14) == shape_totals{300 + 1100, 130, 1, 45});
  CHECK(totals_of(published_shape{}, off_peak_window::periods_2_to_15) == shape_totals{});
}

TEST_CASE("load_shape: seven days and a year, by hand") {
  daily_shape_totals days;
  for (int i = 0; i < 14; ++i)
    days[{100 + i}] = {std::int64_t{1} << i, 1000, 1, 48};
  CHECK(seven_day_totals(days, {106}) == shape_totals{127, 7000, 7, 336});
  CHECK(seven_day_totals(days, {107}) == shape_totals{254, 7000, 7, 336});
  CHECK(seven_day_totals(days, {113}) == shape_totals{127 << 7, 7000, 7, 336});
  CHECK(seven_day_totals(days, {100}) == shape_totals{1, 1000, 1, 48});
  CHECK(seven_day_totals(days, {119}) == shape_totals{1 << 13, 1000, 1, 48});
  CHECK(seven_day_totals(days, {120}) == shape_totals{});
  CHECK(seven_day_totals(days, {99}) == shape_totals{});
  days.erase({104});
  days[{105}] = totals_of({}, off_peak_window::periods_1_to_14); // a day without data covers nothing
  CHECK(seven_day_totals(days, {106}) == shape_totals{1 + 2 + 4 + 8 + 64, 5000, 5, 240});

  daily_shape_totals years;
  for (int i = 0; i < 800; ++i)
    years[{i}] = {1, 2, 1, 48};
  years[{100}].peak_wh = 1'000'000;
  CHECK(annual_totals(years, {464}) == shape_totals{1'000'364, 730, 365, 17'520});
  CHECK(annual_totals(years, {465}) == shape_totals{365, 730, 365, 17'520});
  CHECK(annual_totals(years, {99}) == shape_totals{100, 200, 100, 4800});
}

TEST_CASE("load_shape: totals at the ends of what can be counted") {
  daily_shape_totals years;
  const shape_totals full = totals_of(flat_shape(largest_shape_wh), off_peak_window::periods_1_to_14);
  CHECK(full.total_wh() == 48 * largest_shape_wh);
  for (int i = 0; i < annual_days; ++i)
    years[{i}] = full;
  CHECK(annual_totals(years, {annual_days - 1}).total_wh() == 17'520 * largest_shape_wh);
  const utc_day first{std::numeric_limits<std::int32_t>::min()};
  const utc_day last{std::numeric_limits<std::int32_t>::max()};
  years[first] = years[last] = {1, 1, 1, 1};
  CHECK(annual_totals(years, first) == shape_totals{1, 1, 1, 1});
  CHECK(annual_totals(years, last) == shape_totals{1, 1, 1, 1});
}

TEST_CASE("load_shape: totals equal naive sums") {
  seeded_random random(2);
  std::map<int, published_shape> kept;
  daily_shape_totals days;
  const auto window = off_peak_window::periods_2_to_15;
  for (int day = 0; day < 900; ++day) {
    if (random.chance(1, 5))
      continue;
    published_shape& shape = kept[day];
    for (shape_value& v : shape)
      if (random.chance(9, 10))
        v = {random.between<std::int64_t>(0, 5000),
             random.chance(1, 2) ? shape_flag::actual_mean : shape_flag::back_stop};
    days[{day}] = totals_of(shape, window);
  }
  const auto naive = [&](int last, int count) {
    shape_totals out;
    for (int day = last; day > last - count; --day) {
      const auto at = kept.find(day);
      if (at == kept.end())
        continue;
      for (int number = 1; number <= 48; ++number) {
        const shape_value& v = at->second[static_cast<std::size_t>(number - 1)];
        (number >= 2 && number <= 15 ? out.off_peak_wh : out.peak_wh) += v.wh;
        out.half_hours += v.flag == shape_flag::no_data ? 0U : 1U;
      }
      ++out.days;
    }
    return out;
  };
  int wrong = 0;
  for (int last = -10; last < 1300; ++last) {
    wrong += seven_day_totals(days, {last}) == naive(last, 7) ? 0 : 1;
    wrong += annual_totals(days, {last}) == naive(last, 365) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("load_shape: an advance spread, worked by hand") {
  CHECK(apportioned(5000, {1, 2, 3, 4}) == wh_list{500, 1000, 1500, 2000});
  CHECK(apportioned(1000, {1, 1, 1}) == wh_list{334, 333, 333});
  CHECK(apportioned(1000, {1, 2}) == wh_list{334, 666});             // the earliest, though the other lost more
  CHECK(apportioned(10, {5, 1, 1, 1, 2}) == wh_list{5, 1, 1, 1, 2}); // exact shares stay
  CHECK(apportioned(11, {0, 1, 1, 2}) == wh_list{0, 3, 3, 5});       // 2.75, 2.75, 5.5: two are left
  CHECK(apportioned(3, {2, 1, 1}) == wh_list{2, 1, 0});
  CHECK(apportioned(7, {2, 1, 4, 0, 7}) == wh_list{1, 1, 2, 0, 3}); // 1, 0.5, 2, 0, 3.5: the exact first is passed over
  CHECK(apportioned(0, {1, 2, 3}) == wh_list{0, 0, 0});
}

TEST_CASE("load_shape: an advance over zeros, one half hour, none") {
  CHECK(apportioned(1000, {0, 0, 0}) == wh_list{334, 333, 333});
  CHECK(apportioned(2, {0, 0, 0}) == wh_list{1, 1, 0});
  CHECK(apportioned(6, {0, 0, 0}) == wh_list{2, 2, 2});
  CHECK(apportioned(0, {0, 0}) == wh_list{0, 0});
  CHECK(apportioned(1234, {7}) == wh_list{1234});
  CHECK(apportioned(1234, {0}) == wh_list{1234});
  CHECK(apportioned(5, {0, 0, 3, 0}) == wh_list{0, 0, 5, 0});
}

TEST_CASE("load_shape: what cannot be spread is said") {
  const auto message = [](std::int64_t advance, const wh_list& shape) {
    const auto out = apportion(advance, shape);
    return out ? std::string() : out.failure().message;
  };
  CHECK(message(-1, {1, 2}).find("the register went back") == 0);
  CHECK(message(-1, {}).find("the register went back") == 0);
  CHECK(message(1, {}).find("no half hour lies between") == 0);
  CHECK(message(0, {}).find("no half hour lies between") == 0);
  CHECK(message(1, {2, -1}).find("a value of the load shape is negative") == 0);
  CHECK(message(1, {2, 0}).empty());
}

TEST_CASE("load_shape: an advance of any size stays whole") {
  const wh_list full(20'000, trillion);
  const wh_list shares = apportioned(trillion, full);
  CHECK(shares == wh_list(20'000, trillion / 20'000));
  wh_list odd = full;
  odd[0] = 1;
  CHECK(sum_of(apportioned(trillion - 1, odd)) == static_cast<uint128>(trillion - 1));
  CHECK(apportioned(trillion - 1, odd) == apportion_slowly(trillion - 1, odd));
  CHECK(apportioned(largest, {largest, largest, largest})
        == wh_list{largest / 3 + 1, largest / 3, largest / 3}); // 2^63 - 1 = 3 * x + 1
  CHECK(sum_of(apportioned(largest, wh_list(20'000, largest))) == static_cast<uint128>(largest));
  CHECK(apportioned(largest, {largest}) == wh_list{largest});
  CHECK(apportioned(largest, {0}) == wh_list{largest});
}

TEST_CASE("load_shape: an advance is conserved, whatever the shape") {
  seeded_random random(3);
  int lost = 0;
  int far = 0;
  int unlike = 0;
  int more_than_down = 0; // cases that tell the rule from rounding down
  const std::vector<std::int64_t> shape_limits{0, 1, 5, 3000, trillion};
  const std::vector<std::int64_t> advance_limits{0, 10, 5000, 1'000'000, trillion};
  for (int round = 0; round < 10'000; ++round) {
    wh_list shape(static_cast<std::size_t>(random.between(1, 100)));
    const std::int64_t limit = random.pick(shape_limits);
    for (std::int64_t& v : shape)
      v = random.between<std::int64_t>(0, limit);
    const std::int64_t advance = random.between<std::int64_t>(0, random.pick(advance_limits));
    const wh_list out = apportioned(advance, shape);
    lost += out.size() == shape.size() && sum_of(out) == static_cast<uint128>(advance) ? 0 : 1;
    unlike += out == apportion_slowly(advance, shape) ? 0 : 1;
    const uint128 sum = sum_of(shape);
    std::int64_t down = 0;
    for (std::size_t i = 0; i < shape.size() && sum != 0; ++i) {
      const uint128 share = static_cast<uint128>(advance) * static_cast<uint128>(shape[i]);
      const uint128 given = static_cast<uint128>(out[i]) * sum;
      far += (given > share ? given - share : share - given) < sum ? 0 : 1;
      down += static_cast<std::int64_t>(share / sum);
    }
    more_than_down += sum != 0 && down < advance ? 1 : 0;
  }
  CHECK(lost == 0);
  CHECK(far == 0);
  CHECK(unlike == 0);
  CHECK(more_than_down > 5000);
}

TEST_CASE("load_shape: scaled by a year's consumption") {
  CHECK(scale_by_annual(400, {4'200'000}, total_of(3'500'000)) == 480);
  CHECK(scale_by_annual(400, {4'200'000}, {1'500'000, 2'000'000, 365, 17'520}) == 480); // peak and off-peak together
  CHECK(scale_by_annual(0, {4'200'000}, total_of(3'500'000)) == 0);
  CHECK(scale_by_annual(400, {0}, total_of(3'500'000)) == 0);
  CHECK(scale_by_annual(1, {1}, total_of(2)) == 0); // halves go to the even
  CHECK(scale_by_annual(3, {1}, total_of(2)) == 2);
  CHECK(scale_by_annual(5, {1}, total_of(2)) == 2);
  CHECK(scale_by_annual(2, {1}, total_of(3)) == 1);
}

TEST_CASE("load_shape: scaled by seven days") {
  // 0.400 of 70 kWh in seven days, 3650 kWh a year: ten a day, 70 in seven, so the shape itself.
  CHECK(scale_by_seven_days(400, {3'650'000}, total_of(70'000)) == 400);
  CHECK(scale_by_seven_days(400, {7'300'000}, {30'000, 40'000, 7, 336}) == 800);
  CHECK(scale_by_seven_days(73, {5}, total_of(2)) == 4);        // 3.5
  CHECK(scale_by_seven_days(365, {1}, total_of(2)) == 4);       // 3.5 again: 7 by 2
  CHECK(scale_by_seven_days(365, {3}, total_of(2)) == 10);      // 10.5
  CHECK(scale_by_seven_days(100, {1000}, total_of(100)) == 19); // 19.178, though 1000 / 365 alone would be 3 by 7
}

TEST_CASE("load_shape: no estimate where there is nothing to go by") {
  for (const auto scale : {scale_by_annual, scale_by_seven_days}) {
    CHECK(!scale(400, {4'200'000}, total_of(0)));
    CHECK(!scale(400, {4'200'000}, shape_totals{}));
    CHECK(!scale(400, {4'200'000}, total_of(-1)));
    CHECK(!scale(-1, {4'200'000}, total_of(1)));
    CHECK(!scale(400, {-1}, total_of(1)));
    CHECK(!scale(largest_energy_wh + 1, {1}, total_of(largest)));
    CHECK(!scale(1, {largest_energy_wh + 1}, total_of(largest)));
    CHECK(!scale(largest_energy_wh, {largest_energy_wh}, total_of(1)));
  }
  CHECK(scale_by_annual(largest_energy_wh, {largest_energy_wh}, total_of(largest_energy_wh)) == largest_energy_wh);
  CHECK(!scale_by_annual(largest_energy_wh, {largest_energy_wh}, total_of(largest_energy_wh - 1)));
  CHECK(scale_by_annual(largest_energy_wh, {largest_energy_wh}, total_of(largest)) == 108'420'217'249);
  CHECK(scale_by_seven_days(largest_energy_wh, {largest_energy_wh}, total_of(largest_energy_wh)) == 19'178'082'191'781);
}
