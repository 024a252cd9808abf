#include "twins/cohort_checks.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

using namespace gridtwin;

namespace {

constexpr utc_day day{20'513}; // 2026-03-01
constexpr std::uint64_t all_day = (std::uint64_t{1} << periods_per_day) - 1;
constexpr int today = periods_per_day; ///< the place of the day's first half hour

mpan meter(std::uint64_t n) {
  const std::uint64_t first_twelve = 100'000'000'000 + n;
  return {first_twelve * 10 + static_cast<std::uint64_t>(check_digit(first_twelve))};
}

/// Households that use 300 Wh and a little, different from half hour to half hour.
std::vector<cohort_member> households(std::uint64_t count) {
  std::vector<cohort_member> out;
  for (std::uint64_t n = 0; n < count; ++n) {
    cohort_member m;
    m.meter = meter(n);
    m.cohort = "W/T";
    m.expected = all_day;
    for (std::size_t slot = 0; slot < m.wh.size(); ++slot) {
      m.wh[slot] = 300 + static_cast<std::int64_t>((n * 7 + slot * 11) % 60);
      m.version[slot] = 1;
    }
    m.revision = m.wh.size();
    out.push_back(m);
  }
  return out;
}

void set(cohort_member& m, int from, int count, std::int64_t wh) {
  for (int slot = from; slot < from + count; ++slot)
    m.wh[static_cast<std::size_t>(slot)] = wh;
}

std::vector<const cohort_member*> pointers(const std::vector<cohort_member>& of) {
  std::vector<const cohort_member*> out;
  for (const cohort_member& m : of)
    out.push_back(&m);
  return out;
}

std::vector<cohort_finding> check(const std::vector<cohort_member>& of, const cohort_thresholds& limits = {}) {
  return check_cohort(day, pointers(of), limits);
}

/// `outlier 0 12-13 2h 5.000/3.500 of 20 about 1`: check, number of the meter or `-`, half hours of the day from 0,
/// statistic, threshold, cohort, meters.
std::string told(const cohort_finding& f) {
  const std::int32_t begin = period_at(day, 0).number;
  const std::string who = f.meter ? std::to_string(f.meter->number / 10 - 100'000'000'000) : "-";
  return std::string(name_of(f.check)) + ' ' + who + ' ' + std::to_string(f.first.number - begin) + '-'
         + std::to_string(f.last.number - begin) + ' ' + std::to_string(f.half_hours) + "h "
         + format_milli(f.statistic_milli) + '/' + format_milli(f.threshold_milli) + " of "
         + std::to_string(f.cohort_size) + " about " + std::to_string(f.meters);
}

std::vector<std::string> told(const std::vector<cohort_finding>& of) {
  std::vector<std::string> out;
  for (const cohort_finding& f : of)
    out.push_back(told(f));
  return out;
}

using lines = std::vector<std::string>;

} // namespace

TEST_CASE("cohort checks: VA-15 a cohort without a fault has no finding") {
  CHECK(check(households(20)).empty());
  CHECK(check({}).empty());
  std::vector<cohort_member> equal(12, households(1).front()); // all equal in each half hour
  CHECK(check(equal).empty());
  std::vector<cohort_member> silent = households(12);
  for (cohort_member& m : silent)
    m.wh = cohort_member::nothing_read();
  CHECK(check(silent).empty());
}

TEST_CASE("cohort checks: VA-15 an outlier, by the vector of the domain notes") {
  std::vector<cohort_member> of(7, households(1).front());
  constexpr std::int64_t vector_wh[] = {300, 320, 290, 310, 330, 300, 2100};
  for (std::size_t n = 0; n < of.size(); ++n) {
    of[n].meter = meter(n);
    of[n].wh = cohort_member::nothing_read();
    set(of[n], today + 20, 1, vector_wh[n]);
  }
  cohort_thresholds limits;
  limits.scale = cohort_scale::wh;
  CHECK(check(of, limits).empty()); // fewer than ten
  limits.smallest_cohort = 8;
  auto silent = of;
  silent.emplace_back().cohort = "W/T"; // is there, and says nothing
  CHECK(check(silent, limits).empty());
  limits.smallest_cohort = 7;
  const auto found = check(of, limits);
  CHECK(told(found) == lines{"outlier 6 20-20 1h 120.736/3.500 of 7 about 1"});
  CHECK(found.front().detail == "at=2026-03-01T10:30:00Z wh=2100 median_wh=310");
  CHECK(found.front().cohort == "W/T");
  limits.z_milli = 120'736;
  CHECK(check(of, limits).empty());
  limits.z_milli = 120'735;
  CHECK(check(of, limits).size() == 1);
}

TEST_CASE("cohort checks: VA-15 a meter's outliers of a day are one finding with the largest of them") {
  auto of = households(20);
  set(of[3], today + 4, 2, 3000);
  set(of[3], today + 30, 1, 9000);
  set(of[3], today + 40, 1, 3000);
  set(of[3], today - 10, 3, 9000); // the day before is not checked
  set(of[7], today + 30, 1, 0);    // less than the others is no outlier
  const auto found = check(of);
  REQUIRE(found.size() == 1);
  CHECK(told(found.front()).starts_with("outlier 3 4-40 4h "));
  CHECK(found.front().detail.starts_with("at=2026-03-01T15:30:00Z wh=9000 "));
  set(of[3], today + 30, 1, 3000);
  const auto less = check(of);
  REQUIRE(less.size() == 1);
  CHECK(less.front().half_hours == 4);
  CHECK(less.front().statistic_milli < found.front().statistic_milli);
}

TEST_CASE("cohort checks: VA-15 the order of the members does not matter") {
  auto of = households(20);
  set(of[3], today + 4, 2, 3000);
  set(of[5], today, 48, 213);
  set(of[8], today + 9, 9, 0);
  const auto found = told(check(of));
  CHECK(found.size() == 3);
  std::reverse(of.begin(), of.end());
  CHECK(told(check(of)) == found);
}

TEST_CASE("cohort checks: VA-15 stuck at six equal values that are not 0") {
  auto of = households(20);
  set(of[5], today + 10, 5, 213);
  CHECK(check(of).empty());
  set(of[5], today + 10, 6, 213);
  const auto found = check(of);
  CHECK(told(found) == lines{"stuck 5 10-15 6h 6.000/6.000 of 20 about 1"});
  CHECK(found.front().detail == "wh=213 stuck=6/48 cohort=6/960");
  auto gap = of;
  set(gap[5], today + 12, 1, no_reading);
  CHECK(check(gap).empty());
  set(of[5], today + 10, 6, 0);
  CHECK(check(of).empty());
}

TEST_CASE("cohort checks: VA-15 runs go on over midnight, and those of the day before are not told again") {
  auto of = households(20);
  set(of[5], today - 4, 6, 213);
  set(of[6], today - 9, 9, 213); // ended at midnight
  set(of[8], today - 7, 8, 0);
  set(of[9], today - 8, 8, 0);
  CHECK(told(check(of))
        == lines{"stuck 5 -4-1 6h 6.000/6.000 of 20 about 1", "zero-run 8 -7-0 8h 8.000/8.000 of 20 about 1"});
}

TEST_CASE("cohort checks: VA-15 stuck only where it is more than twice what the cohort is") {
  // Of 20 meters two are stuck in 12 half hours, the others in 6, each at another time of the day: the cohort's share
  // is 132/960 = 0.1375, that of the two 0.25, less than twice as much.
  auto of = households(20);
  for (std::size_t n = 0; n < of.size(); ++n)
    set(of[n], today + static_cast<int>(n * 2), 6, 200 + static_cast<std::int64_t>(n));
  set(of[0], today, 12, 200);
  set(of[1], today + 30, 6, 201);
  CHECK(check(of).empty());
  set(of[0], today, 14, 200); // 14/48 against 134/960, still within: 0.2917, 0.2792
  const auto found = check(of);
  REQUIRE(found.size() == 1);
  CHECK(told(found.front()) == "stuck 0 0-13 14h 14.000/6.000 of 20 about 1");
  CHECK(found.front().detail == "wh=200 stuck=14/48 cohort=134/960");
}

TEST_CASE("cohort checks: VA-15 zeros for four hours while the cohort uses something") {
  auto of = households(20);
  set(of[5], today + 10, 7, 0);
  CHECK(check(of).empty());
  set(of[5], today + 10, 8, 0);
  const auto found = check(of);
  CHECK(told(found) == lines{"zero-run 5 10-17 8h 8.000/8.000 of 20 about 1"});
  CHECK(found.front().detail.starts_with("least_median_wh=3"));
  auto gap = of;
  set(gap[5], today + 12, 1, no_reading);
  CHECK(check(gap).empty());
  auto sun = of;
  sun[5].exports = true;
  CHECK(check(sun).empty());
  // In one of the half hours the cohort's median is 0: nothing is said of it, and the run ends there.
  for (std::size_t n = 6; n < 17; ++n)
    set(of[n], today + 14, 1, 0);
  CHECK(check(of).empty());
}

TEST_CASE("cohort checks: VA-15 one incident for one cause") {
  auto of = households(20);
  for (std::size_t n = 2; n < 4; ++n)
    set(of[n], today + 10, 10, 0);
  CHECK(check(of).size() == 2); // two meters have no cause in common
  set(of[4], today + 12, 10, 0);
  const auto found = check(of);
  CHECK(told(found) == lines{"zero-run - 10-21 12h 15.000/10.000 of 20 about 3"});
  CHECK(found.front().detail.starts_with("worst=" + to_string(meter(2)) + " statistic=10.000 least_median_wh=3"));
  // Another meter at another time stays by itself, and so do three of more than 30.
  set(of[9], today + 30, 9, 0);
  CHECK(told(check(of))
        == lines{"zero-run - 10-21 12h 15.000/10.000 of 20 about 3", "zero-run 9 30-38 9h 9.000/8.000 of 20 about 1"});
  auto many = households(30);
  for (std::size_t n = 2; n < 5; ++n)
    set(many[n], today + 10, 10, 0);
  CHECK(check(many).size() == 3); // 10 per cent is not more than 10
}

TEST_CASE("cohort checks: VA-15 a cohort of which most is stuck is told of, though its own rate excuses each") {
  auto of = households(20);
  for (std::size_t n = 0; n < 10; ++n)
    set(of[n], today + 4, 44, 100 + static_cast<std::int64_t>(n));
  CHECK(check(of).empty()); // half of them: each is twice the rate, and no more
  set(of[10], today + 4, 44, 110);
  auto found = check(of);
  std::erase_if(found,
                [](const cohort_finding& f) { return f.check != cohort_check::stuck; }); // the rest are outliers now
  CHECK(told(found) == lines{"stuck - 4-47 44h 55.000/50.000 of 20 about 11"});
}

TEST_CASE("cohort checks: VA-15 a drop by the vector of the domain notes, 63,420 of 86,637 feeders") {
  CHECK(has_dropped({86'637, 63'420}, {}));
  day_reporting counts{};
  counts.fill({86'637, 63'420});
  const auto found = find_drops(day, counts, dropped_mask(counts, {}), {});
  CHECK(told(found) == lines{"fleet-drop - 0-47 48h 26.798/10.000 of 86637 about 23217"});
  CHECK(found.front().detail == "expected=86637 reported=63420");
  CHECK(found.front().cohort == "all");
}

TEST_CASE("cohort checks: VA-15 a drop is more than a tenth, and of three meters") {
  CHECK_FALSE(has_dropped({100, 90}, {}));
  CHECK(has_dropped({100, 89}, {}));
  CHECK_FALSE(has_dropped({4, 2}, {}));
  CHECK(has_dropped({4, 1}, {}));
  CHECK_FALSE(has_dropped({0, 0}, {}));
  CHECK_FALSE(has_dropped({3, 9}, {}));
  auto of = households(20);
  day_reporting counts{};
  for (std::size_t n = 0; n < of.size(); ++n) {
    if (n < 5) {
      set(of[n], today + 10, 3, no_reading);
      set(of[n], today + 40, 8, no_reading);
    }
    if (n < 8)
      set(of[n], today + 11, 1, no_reading);
    if (n == 19)
      of[n].expected = all_day >> 8; // gone by 20:00, and its readings do not count for another's
    add_reporting(counts, of[n]);
  }
  CHECK(
    told(find_drops(day, counts, dropped_mask(counts, {}), {}))
    == lines{"fleet-drop - 10-12 3h 40.000/10.000 of 20 about 8", "fleet-drop - 40-47 8h 26.316/10.000 of 19 about 5"});
}

TEST_CASE("cohort checks: VA-15 the digest names the readings") {
  std::vector<cohort_member> of(2);
  of[0].meter = meter(2);
  of[1].meter = meter(1);
  of[1].wh[0] = 7;
  of[1].version[0] = 1;
  set(of[1], today, 1, 310);
  of[1].version[today] = 2;
  // By Python's hashlib, of "1000000000012\n984577,7,1\n984625,310,2\n1000000000021\n".
  const std::string before = digest_of_readings(day, pointers(of));
  CHECK(before == "6b5db5c672960dc8");
  of[1].version[today] = 3;
  CHECK(digest_of_readings(day, pointers(of)) != before);
  of[1].version[today] = 2;
  of[0].meter = meter(3);
  CHECK(digest_of_readings(day, pointers(of)) != before);
}
