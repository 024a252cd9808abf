#include "src/ingest/time_format.hpp"
#include "src/ingest/zone_table.hpp"
#include "twins/period.hpp"

#include <doctest/doctest.h>

#include <string>
#include <tuple>

namespace gridtwin {
namespace {

/// The local time as text, `+N` its offset in seconds, `.` a fraction; `-` if it cannot be read.
std::string read(std::string_view format, std::string_view text, bool with_clock = true) {
  const auto compiled = time_format::compile(format, with_clock);
  REQUIRE_MESSAGE(compiled, compiled.failure().message);
  date_memory memory;
  written_time out;
  std::string first;
  for (int i = 0; i < 2; ++i) { // the second time with the memory filled
    std::string now = "-";
    if (compiled->read(text, memory, out)) {
      now = format_instant(out.local_s);
      now.pop_back();
      if (out.has_offset)
        now += " " + std::to_string(out.offset_s);
      if (out.has_fraction)
        now += " .";
    }
    CHECK((i == 0 || now == first));
    first = now;
  }
  return first;
}

TEST_CASE("time format: iso8601") {
  const auto iso = [](std::string_view text) { return read("iso8601", text); };
  CHECK(iso("2026-03-01T00:30:00Z") == "2026-03-01T00:30:00 0");
  CHECK(iso("2026-03-01 00:30+01:00") == "2026-03-01T00:30:00 3600");
  CHECK(iso("2026-03-01T00:30:00.000-0330") == "2026-03-01T00:30:00 -12600");
  CHECK(iso("2026-03-01T00:30:00,0+01") == "2026-03-01T00:30:00 3600");
  CHECK(iso("2026-03-01T00:30:01.001Z") == "2026-03-01T00:30:01 0 .");
  CHECK(iso("2026-03-01T24:00:00Z") == "2026-03-02T00:00:00 0");
  CHECK(iso("2026-03-01T00:30") == "2026-03-01T00:30:00");
  CHECK(read("iso8601", "2026-03-01", false) == "2026-03-01T00:00:00");
  for (const char* bad : {"",
                          "2026-03-01",
                          "2026-03-01T",
                          "2026-03-01T00",
                          "2026-03-01T00:3",
                          "2026-02-30T00:00Z",
                          "2026-13-01T00:00Z",
                          "2026-03-01T24:30Z",
                          "2026-03-01T25:00Z",
                          "2026-03-01T00:60Z",
                          "2026-03-01T00:00:60Z",
                          "2026-03-01T00:00:0Z",
                          "2026-03-01T00:00:00.Z",
                          "2026-03-01T00:00Zx",
                          "2026-03-01T00:00+1",
                          "2026-03-01T00:00+01:",
                          "2026-03-01T00:00+01:0",
                          "2026-03-01T00:00+24:00",
                          "2026-03-01T00:00+01:60",
                          "2026/03/01T00:00Z",
                          "26-03-01T00:00Z",
                          "+026-03-01T00:00Z",
                          "2026-03-01_00:00Z",
                          "2026-03-01T-1:00Z"})
    CHECK_MESSAGE(iso(bad) == "-", bad);
}

TEST_CASE("time format: as strptime") {
  CHECK(read("%Y-%m-%d %H:%M:%S", "2012-10-12 00:30:00") == "2012-10-12T00:30:00");
  CHECK(read("%Y-%m-%d %H:%M:%S", "2012-10-12 00:30:00.0000000") == "2012-10-12T00:30:00");
  CHECK(read("%Y-%m-%d %H:%M:%S", "2012-12-18 15:13:41.0000001") == "2012-12-18T15:13:41 .");
  CHECK(read("%Y-%m-%d %H:%M:%S", "2012-1-2  3:4:5") == "2012-01-02T03:04:05");
  CHECK(read("%Y-%m-%dT%H:%M:%SZ", "2026-03-01T00:30:00Z") == "2026-03-01T00:30:00");
  CHECK(read("%Y-%m-%dT%H:%M:%SZ", "2026-03-01T00:30:00") == "-");
  CHECK(read("%Y-%m-%dT%H:%M:%S%Ez", "2026-03-01T00:30:00+01:00") == "2026-03-01T00:30:00 3600");
  CHECK(read("%Y-%m-%dT%H:%M:%S%z", "2026-03-01T00:30:00-0100") == "2026-03-01T00:30:00 -3600");
  CHECK(read("%d/%m/%Y %H:%M", "01/12/2024 01:00") == "2024-12-01T01:00:00");
  CHECK(read("%d/%m/%y %R", "1/2/24 1:05") == "2024-02-01T01:05:00");
  CHECK(read("%d %b %Y %H%M", "05 Sep 2024 2330") == "2024-09-05T23:30:00");
  CHECK(read("%e-%B-%Y %H:%M", " 5-september-2024 23:30") == "2024-09-05T23:30:00");
  CHECK(read("%d-%b-%Y %I:%M %p", "05-MAY-2024 12:30 am") == "2024-05-05T00:30:00");
  CHECK(read("%d-%b-%Y %I:%M %p", "05-May-2024 12:30 PM") == "2024-05-05T12:30:00");
  CHECK(read("%F %T.%f", "2024-05-05 01:02:03.25") == "2024-05-05T01:02:03 .");
  CHECK(read("%F %T.000", "2024-05-05 01:02:03.000") == "2024-05-05T01:02:03");
  CHECK(read("%D %H.%M", "05/06/69 01.30") == "1969-05-06T01:30:00");
  CHECK(read("%s", "1709251200") == "2024-03-01T00:00:00 0");
  CHECK(read("%Y%%%m%%%d%t%H:%M", "2024%05%06 01:30") == "2024-05-06T01:30:00");
  CHECK(read("%Y-%m-%d", "2024-05-06", false) == "2024-05-06T00:00:00");
  CHECK(read("%d/%m/%Y %H:%M", "01/12/2024 24:00") == "2024-12-02T00:00:00");
  for (const char* bad : {"", "2012-10-12", "2012-10-12 00:30:00x", "2012-10-12 00:30:00.", "2012-10-12 00:30:00.0x",
                          "2012-10-12 24:30:00", "2012-10-12 00:60:00", "2012-10-12 00:00:60", "2012-02-30 00:00:00",
                          "12012-10-12 00:30:00", "2012-10-12T00:30:00", "2012-10-12 00:30", "2012-10-12 00:30:005",
                          "2012-10-012 0:30:00"})
    CHECK_MESSAGE(read("%Y-%m-%d %H:%M:%S", bad) == "-", bad);
  CHECK(read("%d-%b-%Y %I:%M %p", "05-May-2024 13:30 PM") == "-");
  CHECK(read("%d-%b-%Y %I:%M %p", "05-Mai-2024 11:30 PM") == "-");
  CHECK(read("%d-%b-%Y %I:%M %p", "05-May-2024 11:30 XM") == "-");
}

TEST_CASE("time format: formats that are none") {
  for (const char* bad : {"", "%Q", "%", "%E", "%Ey", "%Y-%m", "%Y-%m-%d", "%H:%M", "%Y-%m-%d %I:%M", "text"}) {
    const auto compiled = time_format::compile(bad, true);
    REQUIRE_MESSAGE(!compiled, bad);
    CHECK(compiled.failure().code == errc::bad_profile);
  }
  CHECK(!time_format::compile(std::string(1000, 'x'), true));
}

/// What a local time is in UTC: one instant, two, or none.
std::string in_utc(std::string_view zone, std::string_view local) {
  const auto table = zone_table::make(zone);
  REQUIRE_MESSAGE(table, table.failure().message);
  std::size_t hint = 12345;
  const std::int64_t s = *parse_instant(local);
  const local_span& span = table->find(s, hint);
  CHECK(&span == &table->find(s, hint));
  CHECK((span.begin_s <= s && s < span.end_s));
  if (span.kind == local_kind::never)
    return "never";
  const std::string first = format_instant(s - span.offset_s).substr(5, 11);
  return span.kind == local_kind::unique ? first
                                         : first + " or " + format_instant(s - span.later_offset_s).substr(5, 11);
}

TEST_CASE("zones: London") {
  const auto london = [](std::string_view local) { return in_utc("Europe/London", local); };
  CHECK(london("2024-01-01T12:00Z") == "01-01T12:00");
  CHECK(london("2024-07-01T12:00Z") == "07-01T11:00");
  CHECK(london("2024-03-31T00:59Z") == "03-31T00:59");
  CHECK(london("2024-03-31T01:00Z") == "never");
  CHECK(london("2024-03-31T01:59Z") == "never");
  CHECK(london("2024-03-31T02:00Z") == "03-31T01:00");
  CHECK(london("2024-10-27T00:59Z") == "10-26T23:59");
  CHECK(london("2024-10-27T01:00Z") == "10-27T00:00 or 10-27T01:00");
  CHECK(london("2024-10-27T01:59Z") == "10-27T00:59 or 10-27T01:59");
  CHECK(london("2024-10-27T02:00Z") == "10-27T02:00");
  CHECK(london("1970-07-01T12:00Z") == "07-01T11:00"); // British Standard Time, all year
  CHECK(london("1970-01-01T12:00Z") == "01-01T11:00");
}

TEST_CASE("zones: beyond the end of the compiled tz data the rule goes on") {
  for (int year = 2030; year < 2200; ++year) {
    const std::string y = std::to_string(year);
    CHECK(in_utc("Europe/London", y + "-07-01T12:00Z") == "07-01T11:00");
    CHECK(in_utc("Europe/London", y + "-12-31T12:00Z") == "12-31T12:00");
    // Central settlement's own rule, which needs no tz data.
    const auto table = zone_table::make("Europe/London");
    std::size_t hint = 0;
    for (const auto& [month, kind, periods] :
         {std::tuple(3, local_kind::never, 46), std::tuple(10, local_kind::twice, 50)})
      for (int day = 24; day <= 31; ++day) {
        const std::int64_t one_o_clock = std::int64_t{days_from_civil({year, month, day})} * 86'400 + 3600;
        CHECK((table->find(one_o_clock, hint).kind == kind) == (settlement_periods_of({year, month, day}) == periods));
      }
  }
  CHECK(in_utc("America/New_York", "2040-07-01T12:00Z") == "07-01T16:00");
  CHECK(in_utc("America/New_York", "2040-11-04T01:30Z") == "11-04T05:30 or 11-04T06:30");
  CHECK(in_utc("Australia/Sydney", "2050-01-15T12:00Z") == "01-15T01:00");
}

TEST_CASE("zones: fixed ones, and those that are none") {
  CHECK(in_utc("UTC", "2024-07-01T12:00Z") == "07-01T12:00");
  CHECK(in_utc("GMT", "2024-07-01T12:00Z") == "07-01T12:00");
  CHECK(in_utc("+01:00", "2024-07-01T12:00Z") == "07-01T11:00");
  CHECK(in_utc("-0330", "2024-07-01T12:00Z") == "07-01T15:30");
  CHECK(in_utc("+05", "2024-07-01T12:00Z") == "07-01T07:00");
  CHECK(in_utc("Asia/Kathmandu", "2024-07-01T12:00Z") == "07-01T06:15");
  CHECK(!zone_table::make("+01:00")->has_repeated_times());
  CHECK(zone_table::make("Europe/London")->has_repeated_times());
  for (const std::string bad :
       {"", "Europe/Atlantis", "+1", "+19:00", "+01:60", "+01:000", "01:00", "../../etc/passwd", "europe"}) {
    if (bad.empty())
      continue; // an empty zone is UTC here; profiles give it a meaning of its own
    const auto made = zone_table::make(bad);
    REQUIRE_MESSAGE(!made, bad);
    CHECK(made.failure().code == errc::bad_profile);
  }
  CHECK(!zone_table::make(std::string("UTC\0x", 5)));
  CHECK(!zone_table::make(std::string(1000, 'x')));
}

} // namespace
} // namespace gridtwin
