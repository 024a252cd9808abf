#include "twins/cohort_incidents.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

using namespace gridtwin;

namespace {

constexpr utc_day day{20'513};

mpan meter(std::uint64_t n) { return {1'000'000'000'000 + n}; }

cohort_finding of_meter(std::uint64_t n, cohort_check check, int first, int last, std::int64_t statistic_milli,
                        std::int64_t threshold_milli) {
  cohort_finding out;
  out.check = check;
  out.meter = meter(n);
  out.cohort = "W/T";
  out.first = period_at(day, first);
  out.last = period_at(day, last);
  out.half_hours = static_cast<std::uint32_t>(last - first + 1);
  out.statistic_milli = statistic_milli;
  out.threshold_milli = threshold_milli;
  out.cohort_size = 40;
  return out;
}

std::vector<cohort_finding> outliers(const std::vector<std::int64_t>& statistics) {
  std::vector<cohort_finding> out;
  for (const std::int64_t statistic : statistics)
    out.push_back(of_meter(out.size(), cohort_check::outlier, 3, 3, statistic, 3'500));
  return out;
}

std::vector<std::uint64_t> meters_of(const std::vector<cohort_finding>& of) {
  std::vector<std::uint64_t> out;
  for (const cohort_finding& f : of)
    if (f.meter)
      out.push_back(f.meter->number % 1000);
  return out;
}

} // namespace

TEST_CASE("cohort incidents: VA-15 the largest of a feeder's day are kept, and how many are left out is said") {
  const auto within = keep_largest(outliers({4'000, 9'000, 5'000}), day, 3);
  CHECK(meters_of(within) == std::vector<std::uint64_t>{0, 1, 2});
  CHECK(within.size() == 3); // nothing left out, nothing said
  const auto kept = keep_largest(outliers({4'000, 9'000, 5'000, 8'000, 7'000}), day, 2);
  REQUIRE(kept.size() == 3);
  CHECK(meters_of(kept) == std::vector<std::uint64_t>{1, 3});
  const cohort_finding& rest = kept.front(); // without a meter: before those with one
  CHECK(rest.check == cohort_check::left_out);
  CHECK_FALSE(rest.meter);
  CHECK(rest.statistic_milli == 3'000);
  CHECK(rest.threshold_milli == 2'000);
  CHECK(rest.first == period_at(day, 0));
  CHECK(rest.last == period_at(day, 47));
  CHECK(rest.cohort == "all");
}

TEST_CASE("cohort incidents: VA-15 large is what is far beyond its own threshold, equals go by meter, cohorts first") {
  std::vector<cohort_finding> found{of_meter(0, cohort_check::outlier, 3, 3, 7'700, 3'500),    // 2.2 times
                                    of_meter(1, cohort_check::zero_run, 0, 23, 24'000, 8'000), // 3 times
                                    of_meter(2, cohort_check::stuck, 0, 17, 18'000, 6'000),    // 3 times
                                    of_meter(3, cohort_check::outlier, 3, 3, 8'000, 3'500)};
  CHECK(meters_of(keep_largest(found, day, 2)) == std::vector<std::uint64_t>{1, 2});
  CHECK(meters_of(keep_largest(found, day, 1)) == std::vector<std::uint64_t>{1});
  CHECK(meters_of(keep_largest(found, day, 3)) == std::vector<std::uint64_t>{1, 2, 3});
  cohort_finding drop;
  drop.check = cohort_check::fleet_drop;
  drop.cohort = "all";
  drop.statistic_milli = 10'001;
  drop.threshold_milli = 10'000;
  found.push_back(drop);
  const auto kept = keep_largest(found, day, 1);
  REQUIRE(kept.size() == 2);
  CHECK(kept.front().check == cohort_check::fleet_drop);
  CHECK(kept.back().check == cohort_check::left_out);
  std::reverse(found.begin(), found.end());
  CHECK(meters_of(keep_largest(found, day, 3)) == std::vector<std::uint64_t>{1, 2});
}

TEST_CASE("cohort incidents: VA-15 rows are in order of the meter's and the check's names as bytes") {
  auto a = of_meter(1, cohort_check::zero_run, 0, 9, 9'000, 8'000);
  auto b = of_meter(1, cohort_check::stuck, 5, 11, 7'000, 6'000);
  auto c = of_meter(1, cohort_check::stuck, 5, 12, 8'000, 6'000);
  auto d = of_meter(0, cohort_check::zero_run, 20, 30, 9'000, 8'000);
  CHECK(precedes(b, a));
  CHECK(precedes(b, c));
  CHECK(precedes(d, b));
  CHECK_FALSE(precedes(a, a));
  d.meter.reset();
  auto e = d;
  e.cohort = "W/F";
  CHECK(precedes(e, d));
}

TEST_CASE("cohort incidents: VA-15 each cause takes those that hold its fullest half hour, and the rest stay") {
  std::vector<cohort_finding> found;
  for (std::uint64_t n = 0; n < 4; ++n)
    found.push_back(of_meter(n, cohort_check::outlier, 4 + static_cast<int>(n), 10, 4'000, 3'500));
  for (std::uint64_t n = 4; n < 7; ++n)
    found.push_back(of_meter(n, cohort_check::outlier, 30, 32, 5'000, 3'500));
  found.push_back(of_meter(7, cohort_check::outlier, 11, 12, 6'000, 3'500)); // behind the first cause
  const auto merged = merge_causes(found, {5, 3, 40});
  REQUIRE(merged.size() == 3);
  CHECK(merged[0].meters == 4);
  CHECK(merged[0].first == period_at(day, 4));
  CHECK(merged[0].last == period_at(day, 10));
  CHECK(merged[0].half_hours == 7);
  CHECK(merged[0].statistic_milli == 10'000); // 4 of 40
  CHECK(merged[0].threshold_milli == 5'000);
  CHECK(merged[1].meters == 3);
  CHECK(merged[2].meter == meter(7));
  CHECK(merge_causes(found, {5, 4, 40}).size() == 5);  // three are too few
  CHECK(merge_causes(found, {10, 3, 40}).size() == 8); // four of forty are no more than a tenth
  CHECK(merge_causes({}, {10, 3, 40}).empty());
}
