// Settlement settings and bank holidays of any bytes are refused with a reason, or make a calendar whose dates are
// working days behind their settlement date.

#include "config/settlement_settings.hpp"
#include "tests/fuzz/fuzz_support.hpp"

#include <string>

namespace {

using namespace gridtwin;
using fuzz::require;

void check_refusal(const error& refusal) {
  require(refusal.code == errc::bad_profile, "what is refused are bad settings");
  require(refusal.message.find("fuzz.toml") != std::string::npos, "the message names the file");
  require(refusal.message.find('\n') == std::string::npos, "the message is one line");
}

} // namespace

/// Settings, a byte of zero, bank holidays; without such a byte the built-in holidays.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all = fuzz::text_of(data, size);
  const std::size_t cut = all.find('\0');
  const auto settings = parse_settlement_settings(all.substr(0, cut), "fuzz.toml");
  const auto holidays = cut == std::string_view::npos ? parse_bank_holidays(built_in_bank_holidays(), "built in")
                                                      : parse_bank_holidays(all.substr(cut + 1), "fuzz.toml");
  if (!settings)
    check_refusal(settings.failure());
  if (!holidays)
    check_refusal(holidays.failure());
  if (!settings || !holidays)
    return 0;
  require(settings->gate_minute >= 0 && settings->gate_minute < 24 * 60, "the gate is within a day");
  const settlement_calendar calendar(settings->timetables, working_days(*holidays));
  for (const settlement_timetable& t : calendar.timetables())
    for (const civil_date& date : {t.from, holidays->front(), civil_date{2027, 7, 1}})
      for (std::size_t run = 0; run < run_count; ++run)
        if (const auto held = calendar.date_of(static_cast<run_code>(run), date, t)) {
          require(*held > date && calendar.days().is_working(*held), "a run is held on a working day behind its date");
          require(t.runs[run].has_value(), "a run that is held is in the timetable");
        }
  return 0;
}
