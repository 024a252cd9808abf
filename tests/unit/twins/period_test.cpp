#include "twins/period.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <array>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

using namespace gridtwin;

namespace {

period period_ending(std::string_view text) {
  const auto end = parse_instant(text);
  REQUIRE(end);
  REQUIRE(*end % seconds_per_period == 0);
  return {static_cast<std::int32_t>(*end / seconds_per_period)};
}

civil_date date_of(std::string_view text) {
  const auto date = parse_date(text);
  REQUIRE(date);
  return *date;
}

struct worked_conversion {
  std::string_view utc_end;
  std::string_view date;
  int number;
};

// Domain notes, section 2.
constexpr std::array<worked_conversion, 16> worked_conversions{{
  {"2026-01-15 00:30Z", "2026-01-15", 1},
  {"2026-01-16 00:00Z", "2026-01-15", 48},
  {"2026-03-29 00:30Z", "2026-03-29", 1},
  {"2026-03-29 01:00Z", "2026-03-29", 2},
  {"2026-03-29 01:30Z", "2026-03-29", 3},
  {"2026-03-29 23:00Z", "2026-03-29", 46},
  {"2026-03-29 23:30Z", "2026-03-30", 1},
  {"2026-06-15 00:30Z", "2026-06-15", 3},
  {"2026-10-24 23:00Z", "2026-10-24", 48},
  {"2026-10-24 23:30Z", "2026-10-25", 1},
  {"2026-10-25 00:30Z", "2026-10-25", 3},
  {"2026-10-25 01:00Z", "2026-10-25", 4},
  {"2026-10-25 01:30Z", "2026-10-25", 5},
  {"2026-10-25 02:00Z", "2026-10-25", 6},
  {"2026-10-26 00:00Z", "2026-10-25", 50},
  {"2026-10-26 00:30Z", "2026-10-26", 1},
}};

/// A calendar that goes on day by day, for comparison: knows nothing of days since an epoch.
struct walking_date {
  civil_date date{1996, 1, 1};
  int weekday = 1; // 1996-01-01 was a Monday

  int length_of_month() const {
    if (date.month == 2) {
      const bool leap = (date.year % 4 == 0 && date.year % 100 != 0) || date.year % 400 == 0;
      return leap ? 29 : 28;
    }
    return date.month == 4 || date.month == 6 || date.month == 9 || date.month == 11 ? 30 : 31;
  }
  int periods() const {
    const bool last_sunday = weekday == 0 && date.day + 7 > length_of_month();
    return last_sunday && date.month == 3 ? 46 : last_sunday && date.month == 10 ? 50 : 48;
  }
  void next() {
    weekday = (weekday + 1) % 7;
    if (++date.day <= length_of_month())
      return;
    date.day = 1;
    if (++date.month <= 12)
      return;
    date.month = 1;
    ++date.year;
  }
};

/// Date and period of the rows of NESO's demand of 2024; empty where the file is not there.
std::vector<settlement_period> rows_of_neso() {
  const std::string file = std::string(GRIDTWIN_SHARED_DIR) + "/data/neso-demand-2024/demand_data_2024.csv.gz";
  std::vector<settlement_period> rows;
  gzFile in = gzopen(file.c_str(), "rb");
  if (in == nullptr)
    return rows;
  constexpr std::string_view months = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
  std::array<char, 4096> line{};
  CHECK(gzgets(in, line.data(), static_cast<int>(line.size())) != nullptr); // header
  while (gzgets(in, line.data(), static_cast<int>(line.size())) != nullptr) {
    settlement_period row;
    std::array<char, 4> month{};
    REQUIRE(std::sscanf(line.data(), "%2d-%3s-%4d,%d,", &row.date.day, month.data(), &row.date.year, &row.number) == 4);
    row.date.month = static_cast<int>(months.find(month.data()) / 3) + 1;
    rows.push_back(row);
  }
  gzclose(in);
  return rows;
}

} // namespace

TEST_CASE("period: TM-03 the worked conversions of the domain notes both ways") {
  for (const worked_conversion& c : worked_conversions) {
    CAPTURE(c.utc_end);
    const period p = period_ending(c.utc_end);
    const settlement_period local{date_of(c.date), c.number};
    CHECK(to_settlement_period(p) == local);
    CHECK(from_settlement_period(local) == p);
  }
}

TEST_CASE("period: TM-03 46 or 48 or 50 periods a settlement date") {
  const std::vector<std::pair<std::string_view, int>> listed{
    {"2025-03-30", 46}, {"2025-10-26", 50}, {"2026-03-29", 46}, {"2026-10-25", 50}, {"2027-03-28", 46},
    {"2027-10-31", 50}, {"2026-03-28", 48}, {"2026-03-30", 48}, {"2026-10-24", 48}, {"2026-10-26", 48},
    {"2026-06-15", 48}, {"2024-02-29", 48}, {"2026-03-22", 48}, {"2026-10-18", 48}};
  for (const auto& [text, count] : listed) {
    CAPTURE(text);
    const civil_date date = date_of(text);
    CHECK(settlement_periods_of(date) == count);
    CHECK(from_settlement_period({date, count}));
    CHECK(!from_settlement_period({date, count + 1}));
    CHECK(!from_settlement_period({date, 0}));
    CHECK(!from_settlement_period({date, -1}));
  }
  CHECK(!from_settlement_period({{2026, 2, 29}, 1}));
  CHECK(!from_settlement_period({{2026, 13, 1}, 1}));
}

TEST_CASE("period: every half hour of 1996 to 2100 has the settlement period of a calendar that walks") {
  std::int64_t wrong = 0;
  period first_wrong;
  period p{9496 * periods_per_day}; // ends 1996-01-01 00:00Z
  CHECK(format_period(p) == "1996-01-01T00:00:00Z");
  std::int64_t compared = 0;
  for (walking_date walk; walk.date.year <= 2100; walk.next()) {
    const int count = walk.periods();
    bool good = settlement_periods_of(walk.date) == count && valid(walk.date);
    for (int number = 1; number <= count; ++number) {
      ++p.number;
      ++compared;
      const settlement_period local{walk.date, number};
      good = good && to_settlement_period(p) == local && from_settlement_period(local) == p;
    }
    if (!good && wrong++ == 0)
      first_wrong = p;
  }
  CAPTURE(format_period(first_wrong));
  CHECK(wrong == 0);
  CHECK(format_period(p) == "2101-01-01T00:00:00Z");
  CHECK(compared == std::int64_t{38'351} * 48);
}

TEST_CASE("period: a year of settlement periods as published are consecutive half hours") {
  const auto rows = rows_of_neso();
  if (rows.empty()) {
    MESSAGE("skipped: demand_data_2024.csv.gz is not there");
    return;
  }
  CHECK(rows.size() == 17'568);
  CHECK(from_settlement_period(rows.front()) == period_ending("2024-01-01T00:30Z"));
  CHECK(from_settlement_period(rows.back()) == period_ending("2025-01-01T00:00Z"));
  std::size_t unmapped = 0;
  std::size_t not_consecutive = 0;
  std::size_t not_back = 0;
  std::optional<period> previous;
  for (const settlement_period& row : rows) {
    const auto p = from_settlement_period(row);
    if (!p) {
      ++unmapped;
      continue;
    }
    not_consecutive += previous && p->number != previous->number + 1 ? 1U : 0U;
    not_back += to_settlement_period(*p) == row ? 0U : 1U;
    previous = p;
  }
  CHECK(unmapped == 0);
  CHECK(not_consecutive == 0);
  CHECK(not_back == 0);
}

TEST_CASE("period: a UTC day holds the 48 half hours that end after its midnight up to the next") {
  const utc_day day{days_from_civil({2026, 3, 29})};
  CHECK(period_at(day, 0) == period_ending("2026-03-29T00:30Z"));
  CHECK(period_at(day, 47) == period_ending("2026-03-30T00:00Z"));
  CHECK(period_ending("2026-03-30T00:00Z").day() == day);
  CHECK(period_ending("2026-03-30T00:00Z").slot() == 47);
  CHECK(period_ending("2026-03-30T00:30Z").day() == utc_day{day.number + 1});
  CHECK(period_ending("2026-03-30T00:30Z").slot() == 0);
  CHECK(period_ending("2026-03-29T00:30Z").start_s() == *parse_instant("2026-03-29"));
  for (std::int32_t n = -200; n <= 200; ++n) {
    const period p{n};
    CAPTURE(n);
    CHECK(p.slot() >= 0);
    CHECK(p.slot() < periods_per_day);
    CHECK(period_at(p.day(), p.slot()) == p);
    CHECK(std::int64_t{p.day().number} * 86'400 < p.end_s());
    CHECK(p.end_s() <= (std::int64_t{p.day().number} + 1) * 86'400);
  }
  CHECK(format_period(first_storable_period) == "1970-01-01T00:30:00Z");
  CHECK(format_period(last_storable_period) == "2200-01-01T00:00:00Z");
}

TEST_CASE("period: dates and days since the epoch agree over eight centuries") {
  CHECK(days_from_civil({1970, 1, 1}) == 0);
  CHECK(days_from_civil({2000, 3, 1}) == 11'017);
  CHECK(days_from_civil({1969, 12, 31}) == -1);
  std::int32_t day = days_from_civil({1600, 1, 1});
  walking_date walk{{1600, 1, 1}, 6};
  std::int64_t wrong = 0;
  for (; walk.date.year < 2400; walk.next(), ++day)
    wrong += civil_from_days(day) == walk.date && days_from_civil(walk.date) == day && valid(walk.date) ? 0 : 1;
  CHECK(wrong == 0);
}

TEST_CASE("period: instants that can be read") {
  const std::vector<std::pair<std::string_view, std::string_view>> good{
    {"2026-03-01T00:30:00Z", "2026-03-01T00:30:00Z"},      {"2026-03-01 00:30:00Z", "2026-03-01T00:30:00Z"},
    {"2026-03-01T00:30Z", "2026-03-01T00:30:00Z"},         {"2026-03-01", "2026-03-01T00:00:00Z"},
    {"2026-03-01T00:30:00+00:00", "2026-03-01T00:30:00Z"}, {"2026-03-01T00:30:00+01:00", "2026-02-28T23:30:00Z"},
    {"2026-02-28T19:00-05:30", "2026-03-01T00:30:00Z"},    {"2026-02-28T24:00:00Z", "2026-03-01T00:00:00Z"},
    {"2026-02-28T23:59:59Z", "2026-02-28T23:59:59Z"},      {"1969-12-31T23:59:59Z", "1969-12-31T23:59:59Z"},
    {"2024-02-29T12:00Z", "2024-02-29T12:00:00Z"}};
  for (const auto& [text, meaning] : good) {
    CAPTURE(text);
    const auto instant = parse_instant(text);
    REQUIRE(instant);
    CHECK(format_instant(*instant) == meaning);
  }
}

TEST_CASE("period: instants that cannot be read") {
  const std::vector<std::string_view> bad{"",
                                          "2026",
                                          "2026-03-01T",
                                          "2026-03-01T00",
                                          "2026-03-01T00:3",
                                          "2026-03-01T00:30",
                                          "2026-03-01T00:30:00",
                                          "2026-03-01T00:30:0Z",
                                          "2026-03-01T00:30:00ZZ",
                                          "2026-03-01T00:30:00 Z",
                                          "2026-03-01T00:30:00+0100",
                                          "2026-03-01T00:30:00+01",
                                          "2026-03-01T00:30:00+24:00",
                                          "2026-03-01T00:30:00+01:60",
                                          "2026-03-01T24:30Z",
                                          "2026-03-01T24:00:01Z",
                                          "2026-03-01T25:00Z",
                                          "2026-03-01T00:60Z",
                                          "2026-03-01T00:00:60Z",
                                          "2026-02-29T00:30Z",
                                          "2026-13-01T00:30Z",
                                          "2026-00-01T00:30Z",
                                          "2026-03-32T00:30Z",
                                          "2026-3-01T00:30Z",
                                          "26-03-01T00:30Z",
                                          " 2026-03-01T00:30Z",
                                          "2026-03-01x00:30Z",
                                          "2026-03-01T00.30Z",
                                          "20a6-03-01T00:30Z",
                                          "2026-03-01T-1:30Z",
                                          "2026/03/01T00:30Z"};
  for (const std::string_view text : bad) {
    CAPTURE(text);
    const auto instant = parse_instant(text);
    REQUIRE(!instant);
    CHECK(instant.failure().code == errc::usage);
    CHECK(instant.failure().message.find(text) != std::string::npos);
  }
  CHECK(parse_instant(std::string(10'000, '9')).failure().message.size() < 200);
  CHECK(!parse_instant(std::string_view("2026-03-01T00:30Z\0", 18)));
}

TEST_CASE("period: dates good and bad") {
  CHECK(*parse_date("2026-03-01") == civil_date{2026, 3, 1});
  CHECK(*parse_date("2000-02-29") == civil_date{2000, 2, 29});
  CHECK(*parse_date("0001-01-01") == civil_date{1, 1, 1});
  CHECK(format_date({2026, 3, 1}) == "2026-03-01");
  CHECK(format_day({0}) == "1970-01-01");
  CHECK(format_day({-1}) == "1969-12-31");
  for (const std::string_view text : {"", "2026-02-29", "1900-02-29", "2026-04-31", "2026-00-10", "2026-10-00",
                                      "2026-1-1", "2026-03-01 ", "2026-03-01T00:00Z", "2026_03_01", "01-03-2026"}) {
    CAPTURE(text);
    CHECK(!parse_date(text));
  }
}
