#include "config/settlement_settings.hpp"

namespace gridtwin {

namespace {

constexpr std::string_view timetable_text =
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

# What stands for a half hour without an actual. Sources by how sure they are: H the text of a specification was read,
# M a good secondary source, L a conclusion; "ours" where no source was found.
[estimation]
# From the first that gives a value to the default: by the error that was measured, `gridtwin bench estimates` on 59
# households of Low Carbon London (figures: README.md). Ours as a whole; that the supplier's annual figure (SNAC, DI-152,
# H) goes before that of central settlement is not.
order = ["register-advance", "own-history", "supplier-annual", "central-annual", "shape-mean", "default"]
# Longest window between two register reads, in days: a quarter with some days to spare. Ours.
register_window_days = 100
# What an advance is spread over: the load shape ("shape"; that register reads become half hours by load shapes:
# MHHS-DEL561, H), or first what the meter itself used at that time before ("own-history"), and the shape, brought to
# that level, where nothing is known of a half hour. Either way the advance is kept to the watt-hour. Ours: measured by
# the same command, own history errs a sixth less.
register_over = "own-history"
# Days for which a SNAC is valid, its date the first: "12 months" (vendor's description of load shaping, M); that they
# are counted as 365 days, leap years or not, is ours.
supplier_annual_days = 365
# Fewest half hours that the annual total of a shape must cover, in per cent of 17,520; else its seven-day total is
# used, if that covers so much of 336. That there is such a fallback: M. Each per cent missing makes estimates a per
# cent too high. Ours.
annual_total_percent = 99
seven_day_total_percent = 99
# A meter's own history: the four weeks before, days of the same kind (Monday to Friday, Saturday, Sunday and
# holidays), all days where there are fewer values than that. Ours, tried on 59 households of Low Carbon London.
history_weeks = 4
history_fewest = 3
# Fewest actuals of which a half hour of a load shape is the mean. The industry's threshold was not found; ours.
fewest_actuals = 1
# UTC periods of a day that are off-peak in totals of shapes: "1-14" or "2-15" (DI-044 and DI-045, M).
off_peak = "1-14"

# Estimation reasons (DI-076, H) of an estimate: nothing was received; what was received was refused; no supply.
[estimation.reason]
missing = 2
invalid = 3
de_energised = 7

# The last rung, in Wh (varh) a half hour by connection type. No figures were found; ours.
[estimation.default_wh]
W = 0
L = 0
H = 0
E = 0
U = 0

# The quality code (DI-083) that estimates by each method carry. The codes and whose they are: H/M. What each of E0 to
# E9, ZE1 to ZE3, EA2 to EA11, EA13, EAE1 and EAE2 means was NOT found: here methods of ours are given codes, to be
# changed when the meanings are known. Found were EA12, load shape scaled by annual consumption; EA1, linear
# interpolation, and EAE3, a backup meter (all M), of which the last two are none of these methods.
[estimation.quality.smart]
register-advance = "E1"
supplier-annual = "E2"
central-annual = "E3"
own-history = "E4"
shape-mean = "E5"
default = "E6"
de-energised = "ZE1"

[estimation.quality.advanced]
register-advance = "EA2"
supplier-annual = "EA12"
central-annual = "EA12"
own-history = "EA3"
shape-mean = "EA13"
default = "EA13"
de-energised = "ZE1"

# Active export of advanced meters.
[estimation.quality.advanced_export]
register-advance = "EAE1"
supplier-annual = "EAE2"
central-annual = "EAE2"
own-history = "EAE1"
shape-mean = "EAE2"
default = "EAE2"
de-energised = "ZE1"

# E and ZE are for unmetered supplies alone (M), and the only ones for them.
[estimation.quality.unmetered]
register-advance = "E"
supplier-annual = "E"
central-annual = "E"
own-history = "E"
shape-mean = "E"
default = "E"
de-energised = "ZE"
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

std::string_view built_in_settlement_settings() noexcept { return timetable_text; }

std::string_view built_in_bank_holidays() noexcept { return holidays_text; }

} // namespace gridtwin
