#include "src/commands/settlement_options.hpp"

#include "config/toml_document.hpp"
#include "src/process/small_file.hpp"

#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

/// Some thousand dates; what is longer is another file.
constexpr std::size_t holidays_bytes_limit = toml_bytes_limit;

error named(std::string_view option, error reason) {
  reason.message = std::string(option) + ": " + reason.message;
  return reason;
}

} // namespace

void add_settlement_options(CLI::App& app, settlement_options& o) {
  app.add_option("--settings", o.settings,
                 "TOML file with timetables of settlement runs, gate time and estimation; otherwise what is built in");
  app.add_option("--holidays", o.holidays,
                 "Bank holidays, a date a line as 2027-12-27; otherwise those of England and Wales, 2012 to 2028");
}

result<settlement_basis> read_settlement_basis(const settlement_options& o) {
  std::string settings_text(built_in_settlement_settings());
  std::string holidays_text(built_in_bank_holidays());
  if (!o.settings.empty()) {
    auto text = read_small_file(o.settings, toml_bytes_limit);
    if (!text)
      return named("--settings", text.failure());
    settings_text = std::move(*text);
  }
  if (!o.holidays.empty()) {
    auto text = read_small_file(o.holidays, holidays_bytes_limit);
    if (!text)
      return named("--holidays", text.failure());
    if (text->size() > holidays_bytes_limit)
      return error{errc::bad_profile, "--holidays: " + o.holidays + " is longer than 64 KiB: is it a list of dates?"};
    holidays_text = std::move(*text);
  }
  auto settings = parse_settlement_settings(settings_text, o.settings.empty() ? "built in" : o.settings);
  if (!settings)
    return named("--settings", settings.failure());
  auto holidays = parse_bank_holidays(holidays_text, o.holidays.empty() ? "built in" : o.holidays);
  if (!holidays)
    return named("--holidays", holidays.failure());
  settlement_calendar calendar(settings->timetables, working_days(std::move(*holidays)));
  return settlement_basis{std::move(settings_text), std::move(holidays_text), std::move(*settings),
                          std::move(calendar)};
}

} // namespace gridtwin
