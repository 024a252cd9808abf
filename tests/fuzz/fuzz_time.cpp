// Instants, dates and settlement periods go there and back; time formats and zones agree with them.

#include "src/ingest/time_format.hpp"
#include "src/ingest/zone_table.hpp"
#include "tests/fuzz/fuzz_support.hpp"
#include "twins/period.hpp"

#include <cstring>
#include <string>

namespace {

using namespace gridtwin;
using fuzz::require;

void check_instant(std::int64_t s) {
  const std::string text = format_instant(s);
  const auto back = parse_instant(text);
  require(back && *back == s, "an instant comes back");
  static const auto iso = *time_format::compile("iso8601", true);
  static const auto same = *time_format::compile("%Y-%m-%dT%H:%M:%S%z", true);
  date_memory memory;
  for (const time_format* format : {&iso, &same}) {
    written_time out;
    require(format->read(text, memory, out) && out.local_s == s && out.has_offset && out.offset_s == 0,
            "a format reads it");
  }
}

void check_period(period p) {
  require(period_at(p.day(), p.slot()) == p && p.slot() >= 0 && p.slot() < periods_per_day, "a period is in its day");
  const settlement_period local = to_settlement_period(p);
  const auto back = from_settlement_period(local);
  require(back && *back == p, "a settlement period comes back");
  if (local.date.year < 1997)
    return; // before, the law was another
  static const auto london = *zone_table::make("Europe/London");
  std::size_t hint = 0;
  const int periods = settlement_periods_of(local.date);
  // The clock at the start of the period: from 02:00 on it has moved by an hour in March and October.
  int half_hours = local.number - 1;
  if (periods == 46 && half_hours >= 2)
    half_hours += 2;
  if (periods == 50 && half_hours >= 4)
    half_hours -= 2;
  const std::int64_t clock_s = std::int64_t{days_from_civil(local.date)} * 86'400 + half_hours * seconds_per_period;
  const local_span& span = london.find(clock_s, hint);
  require(span.kind != local_kind::never, "the clock shows it");
  require(clock_s - span.offset_s == p.start_s() || clock_s - span.later_offset_s == p.start_s(),
          "the zone knows the instant");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all = fuzz::text_of(data, size);
  std::int64_t number = 0;
  if (size >= sizeof number)
    std::memcpy(&number, data, sizeof number);
  constexpr std::int64_t year_0_s = -62'167'219'200;
  constexpr std::int64_t year_10000_s = 253'402'300'800;
  if (number >= year_0_s && number < year_10000_s)
    check_instant(number);
  check_instant(number % 62'167'219'200);
  check_period({static_cast<std::int32_t>((number & 0x7FFF'FFFF) % last_storable_period.number) + 1});

  // The whole text as a time: what both readers take, both take alike.
  static const auto iso = *time_format::compile("iso8601", true);
  date_memory memory;
  written_time out;
  const bool read = iso.read(all, memory, out);
  if (const auto instant = parse_instant(all); instant && all.size() > 10)
    require(read && out.has_offset && out.local_s - out.offset_s == *instant && !out.has_fraction,
            "iso8601 reads instants");
  if (const auto date = parse_date(all))
    require(format_date(*date) == all && civil_from_days(days_from_civil(*date)) == *date, "a date comes back");

  // A format and a text, parted by a line end: any two, read twice alike.
  std::string_view rest = all;
  const std::string_view format = fuzz::take_until(rest, '\n');
  if (const auto compiled = time_format::compile(format, false)) {
    written_time first;
    written_time second;
    const bool once = compiled->read(rest, memory, first);
    require(once == compiled->read(rest, memory, second), "reading does not depend on what was read before");
    require(!once || (first.local_s == second.local_s && first.offset_s == second.offset_s), "and gives the same");
  }
  if (size < 40) {
    const auto zone = zone_table::make(format);
    std::size_t hint = size;
    if (zone)
      require(zone->find(number / 2, hint).begin_s <= number / 2 || number / 2 < 0, "every time has a span");
  }
  return 0;
}
