#include "config/settlement_settings.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace gridtwin;

namespace {

std::string refusal_of(std::string_view toml) {
  const auto parsed = parse_settlement_settings(toml, "mine.toml");
  REQUIRE(!parsed);
  CHECK(parsed.failure().message.find("mine.toml") != std::string::npos);
  return parsed.failure().message;
}

bool refused_for(std::string_view toml, std::string_view what) {
  return refusal_of(toml).find(what) != std::string::npos;
}

constexpr std::string_view one_timetable =
  "[[timetable]]\nname = \"a\"\nfrom = \"2020-01-01\"\nruns = { SF = \"WD+7\" }\n";

std::string with(std::string_view from, std::string_view to) {
  std::string text(one_timetable);
  text.replace(text.find(from), from.size(), to);
  return text;
}

} // namespace

TEST_CASE("settlement_settings: what is built in can be read, and gives the published dates") {
  const auto settings = parse_settlement_settings(built_in_settlement_settings(), "built in");
  REQUIRE(settings);
  const auto holidays = parse_bank_holidays(built_in_bank_holidays(), "built in");
  REQUIRE(holidays);
  CHECK(settings->gate_minute == 0);
  const settlement_calendar calendar(settings->timetables, working_days(*holidays));
  CHECK(calendar.days().first_year() == 2012);
  CHECK(calendar.days().last_year() == 2028);
  const auto date_of = [&](run_code run, const civil_date& date, const char* timetable) {
    return format_date(*calendar.date_of(run, date, **calendar.timetable_named(timetable)));
  };
  CHECK((*calendar.timetable_of({2027, 7, 1}))->name == "legacy");
  CHECK((*calendar.timetable_of({2027, 7, 2}))->name == "mhhs");
  CHECK(date_of(run_code::sf, {2027, 7, 1}, "legacy") == "2027-07-23");
  CHECK(date_of(run_code::sf, {2027, 7, 2}, "mhhs") == "2027-07-13");
  CHECK(date_of(run_code::ii, {2026, 12, 21}, "mhhs") == "2026-12-29");
  CHECK(date_of(run_code::rf, {2013, 1, 2}, "legacy") == "2014-02-26");
}

TEST_CASE("settlement_settings: every year of the built-in bank holidays has eight or more, none at a weekend") {
  const auto holidays = parse_bank_holidays(built_in_bank_holidays(), "built in");
  REQUIRE(holidays);
  const working_days none({{2012, 1, 2}, {2028, 12, 26}});
  for (int year = 2012; year <= 2028; ++year) {
    int in_year = 0;
    for (const civil_date& date : *holidays)
      in_year += date.year == year ? 1 : 0;
    CHECK(in_year >= 8);
  }
  for (const civil_date& date : *holidays)
    if (date != civil_date{2012, 1, 2} && date != civil_date{2028, 12, 26})
      CHECK(none.is_working(date)); // a weekday
}

TEST_CASE("settlement_settings: what is refused says which key and how to mend it") {
  REQUIRE(parse_settlement_settings(one_timetable, "mine.toml"));
  CHECK(refused_for("", "no timetable"));
  CHECK(refused_for("timetable = 1", "no timetable"));
  CHECK(refused_for("[[timetable", "line 1"));
  CHECK(refused_for(std::string("gate_tine = \"1\"\n") + std::string(one_timetable), "did you mean 'gate_time'"));
  for (const char* clock : {"\"24:00\"", "\"7:30\"", "\"07:60\"", "730", "\"0730\"", "\"-1:00\""})
    CHECK(refused_for("gate_time = " + std::string(clock) + "\n" + std::string(one_timetable), "'gate_time'"));
  CHECK(parse_settlement_settings("gate_time = \"17:30\"\n" + std::string(one_timetable), "x")->gate_minute
        == 17 * 60 + 30);
  CHECK(refused_for(with("name = \"a\"\n", ""), "no 'name'"));
  CHECK(refused_for(with("\"2020-01-01\"", "\"2020-13-01\""), "first settlement date"));
  CHECK(refused_for(with("\"2020-01-01\"", "2020-01-01"), "in quotes"));
  CHECK(refused_for(with("SF", "S1"), "no run 'S1'"));
  CHECK(refused_for(std::string(one_timetable) + std::string(one_timetable), "of another one"));
  for (const char* delay : {"WD7", "WD+0", "WD+", "WD+-1", "WD+2001", "0 months", "121 months", "months", "7"})
    CHECK(refused_for(with("WD+7", delay), "run SF"));
}

TEST_CASE("settlement_settings: bank holidays as a list or the first column of a table") {
  const auto dates = parse_bank_holidays("\xEF\xBB\xBF"
                                         "date,title\r\n2027-12-27,\"Christmas, moved\"\r\n\r\n# end\n\"2027-12-28\"",
                                         "h.csv");
  REQUIRE(dates);
  CHECK(*dates == std::vector<civil_date>{{2027, 12, 27}, {2027, 12, 28}});
  CHECK(parse_bank_holidays("2027-12-27\n27/12/2027\n", "h.csv").failure().message.find("line 2") != std::string::npos);
  CHECK(parse_bank_holidays("2027-12-27\ndate\n", "h.csv").failure().message.find("line 2") != std::string::npos);
  CHECK(!parse_bank_holidays("", "h.csv"));
  CHECK(!parse_bank_holidays("date\n", "h.csv"));
}
