#include "twins/lateness.hpp"

#include <doctest/doctest.h>

using namespace gridtwin;

namespace {

constexpr period some_period{1'000'000};

lateness_histogram of(std::int64_t late_s) {
  lateness_histogram out;
  out.add(late_s);
  return out;
}

std::size_t bucket(std::int64_t late_s) {
  const auto counts = of(late_s).counts;
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] == 1)
      return i;
  return counts.size();
}

} // namespace

TEST_CASE("lateness: TM-09 from the end of the half hour to the instant at which it was known") {
  CHECK(lateness_s({}, some_period) == 0);
  CHECK(lateness_s({some_period.end_s() + 25}, some_period) == 25);
  CHECK(lateness_s({some_period.end_s() - 1}, some_period) == -1);
}

TEST_CASE("lateness: TM-09 buckets end with their bound") {
  CHECK(bucket(-5) == 0);
  CHECK(bucket(0) == 0);
  CHECK(bucket(1) == 1);
  CHECK(bucket(3'600) == 1);
  CHECK(bucket(3'601) == 2);
  CHECK(bucket(86'400) == 3);
  CHECK(bucket(30 * 86'400) == 6);
  CHECK(bucket(30 * 86'400 + 1) == 7);
  CHECK(lateness_histogram::names[bucket(86'400)] == "1d");
  CHECK(of(-5).early == 1);
  CHECK(of(0).early == 0);
}

TEST_CASE("lateness: TM-09 a day's half hours, received at 06:00 of the next day") {
  const utc_day day{20'000};
  const known_time known{(std::int64_t{day.number} + 1) * 86'400 + 6 * 3600};
  lateness_histogram h;
  h.add_day(known, day, (std::uint64_t{1} << 48) - 1);
  CHECK(h.counts[2] == 13); // up to 12 h late: those that end 18:00 and later
  CHECK(h.counts[3] == 24); // up to a day: those that end 06:00 to 17:30
  CHECK(h.counts[4] == 11); // the others
  CHECK(h.worst_s == 29 * 3600 + 1800);
  lateness_histogram twice = h;
  twice += h;
  CHECK(twice.counts[3] == 48);
  CHECK(twice.worst_s == h.worst_s);
  lateness_histogram none;
  none.add_day({}, day, 0);
  CHECK(none.counts == lateness_histogram{}.counts);
}
