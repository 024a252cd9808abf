#include "src/commands/settlement_options.hpp"
#include "tests/support/temporary_folder.hpp"

#include <doctest/doctest.h>

#include <string>

namespace gridtwin {
namespace {

using testing::temporary_folder;
using testing::write_file;

TEST_CASE("without files settlement goes by what is built in, with its texts") {
  const auto basis = read_settlement_basis({});
  REQUIRE(basis);
  CHECK(basis->settings_text == built_in_settlement_settings());
  CHECK(basis->holidays_text == built_in_bank_holidays());
  CHECK(basis->settings.timetables.size() == basis->calendar.timetables().size());
  const auto t = basis->calendar.timetable_of({2026, 3, 2});
  REQUIRE(t);
  CHECK(*basis->calendar.date_of(run_code::ii, {2026, 3, 2}, **t) == civil_date{2026, 3, 9});
}

TEST_CASE("SR-01 SR-02: timetables and bank holidays come from the files that are named") {
  const temporary_folder folder;
  const std::string settings = folder.path() / "settings.toml";
  const std::string holidays = folder.path() / "holidays.csv";
  const std::string text = "gate_time = \"17:30\"\n[[timetable]]\nname = \"quick\"\nfrom = \"2020-01-01\"\n"
                           "runs = { SF = \"WD+1\" }\n";
  write_file(settings, text);
  write_file(holidays, "date\n2026-01-01\n2026-03-03\n2026-12-25\n");
  const auto basis = read_settlement_basis({settings, holidays});
  REQUIRE(basis);
  CHECK(basis->settings_text == text);
  CHECK(basis->settings.gate_minute == 17 * 60 + 30);
  const auto t = basis->calendar.timetable_of({2026, 3, 2});
  REQUIRE(t);
  CHECK(*basis->calendar.date_of(run_code::sf, {2026, 3, 2}, **t) == civil_date{2026, 3, 4}); // the 3rd is a holiday
}

TEST_CASE("what cannot be read or understood names its option") {
  const temporary_folder folder;
  const std::string path = folder.path() / "file";
  const auto missing = read_settlement_basis({path, ""});
  REQUIRE_FALSE(missing);
  CHECK(missing.failure().code == errc::unreadable_input);
  CHECK(missing.failure().message.starts_with("--settings: "));
  const auto directory = read_settlement_basis({folder.path(), ""});
  REQUIRE_FALSE(directory);
  CHECK(directory.failure().code == errc::unreadable_input);
  write_file(path, "no dates\n");
  const auto no_dates = read_settlement_basis({"", path});
  REQUIRE_FALSE(no_dates);
  CHECK(no_dates.failure().code == errc::bad_profile);
  CHECK(no_dates.failure().message.starts_with("--holidays: "));
  std::string long_list;
  while (long_list.size() <= 64 * 1024)
    long_list += "2026-12-25\n";
  write_file(path, long_list);
  const auto too_long = read_settlement_basis({"", path});
  REQUIRE_FALSE(too_long);
  CHECK(too_long.failure().message.find("64 KiB") != std::string::npos);
}

} // namespace
} // namespace gridtwin
