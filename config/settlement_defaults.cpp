#include "config/settlement_settings.hpp"

namespace gridtwin {

namespace {

constexpr std::string_view settings_text =
  R"(# When settlement runs are held, by settlement date (local). WD+n: the n-th working day after it; "n months": the first
# working day on or after the date so many months later. A run that is not named is not held by timetable.

# On the date of a run, what became known before this time of the local clock counts. No source was found: ours.
gate_time = "00:00"

# Source: MHHS-DEL1590 v2.3 and the legacy settlement calendar, as quoted in trade articles; good secondary sources (M).
[[timetable]]
name = "legacy"
from = "1998-04-01"
runs = { II = "WD+5", SF = "WD+16", R1 = "WD+39", R2 = "WD+84", R3 = "WD+154", RF = "WD+292", DF = "28 months" }

[[timetable]]
name = "mhhs"
from = "2027-07-02"
runs = { II = "WD+4", SF = "WD+7", R1 = "WD+30", RF = "WD+84", DF = "20 months" }
)";

constexpr std::string_view holidays_text = R"(date
2012-01-02
2012-04-06
2012-04-09
2012-05-07
2012-06-04
2012-06-05
2012-08-27
2012-12-25
2012-12-26
2013-01-01
2013-03-29
2013-04-01
2013-05-06
2013-05-27
2013-08-26
2013-12-25
2013-12-26
2014-01-01
2014-04-18
2014-04-21
2014-05-05
2014-05-26
2014-08-25
2014-12-25
2014-12-26
2015-01-01
2015-04-03
2015-04-06
2015-05-04
2015-05-25
2015-08-31
2015-12-25
2015-12-28
2016-01-01
2016-03-25
2016-03-28
2016-05-02
2016-05-30
2016-08-29
2016-12-26
2016-12-27
2017-01-02
2017-04-14
2017-04-17
2017-05-01
2017-05-29
2017-08-28
2017-12-25
2017-12-26
2018-01-01
2018-03-30
2018-04-02
2018-05-07
2018-05-28
2018-08-27
2018-12-25
2018-12-26
2019-01-01
2019-04-19
2019-04-22
2019-05-06
2019-05-27
2019-08-26
2019-12-25
2019-12-26
2020-01-01
2020-04-10
2020-04-13
2020-05-08
2020-05-25
2020-08-31
2020-12-25
2020-12-28
2021-01-01
2021-04-02
2021-04-05
2021-05-03
2021-05-31
2021-08-30
2021-12-27
2021-12-28
2022-01-03
2022-04-15
2022-04-18
2022-05-02
2022-06-02
2022-06-03
2022-08-29
2022-09-19
2022-12-26
2022-12-27
2023-01-02
2023-04-07
2023-04-10
2023-05-01
2023-05-08
2023-05-29
2023-08-28
2023-12-25
2023-12-26
2024-01-01
2024-03-29
2024-04-01
2024-05-06
2024-05-27
2024-08-26
2024-12-25
2024-12-26
2025-01-01
2025-04-18
2025-04-21
2025-05-05
2025-05-26
2025-08-25
2025-12-25
2025-12-26
2026-01-01
2026-04-03
2026-04-06
2026-05-04
2026-05-25
2026-08-31
2026-12-25
2026-12-28
2027-01-01
2027-03-26
2027-03-29
2027-05-03
2027-05-31
2027-08-30
2027-12-27
2027-12-28
2028-01-03
2028-04-14
2028-04-17
2028-05-01
2028-05-29
2028-08-28
2028-12-25
2028-12-26
)";

} // namespace

std::string_view built_in_settlement_settings() noexcept { return settings_text; }

std::string_view built_in_bank_holidays() noexcept { return holidays_text; }

} // namespace gridtwin
