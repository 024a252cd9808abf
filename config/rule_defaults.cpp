#include "config/rule_settings.hpp"

namespace gridtwin {

namespace {

constexpr std::string_view rules_text =
  R"(# A rule pack: what readings are compared with. It takes effect in a store with the run that brings it (gridtwin
# replay --rules FILE) and stays until another one comes. Give a changed pack a higher version.
version = 1

# Energy of a half hour in Wh (varh), by connection type. Above maximum_wh a reading is rejected (over-maximum,
# ECS1012); above alarm_wh it is accepted and counted (over-alarm). The maximum of central settlement is not
# published: all of these are ours and generous (L), so that what is rejected is surely wrong, and the alarm finds
# what is only strange. A market segment (S smart, A advanced, U unmetered) may have figures of its own, for instance:
#   [limits.W.A]
#   maximum_wh = 75000
#   alarm_wh = 50000

# Whole-current meters are fused at 100 A a phase: 100 A x 230 V x 3 phases x 0.5 h = 34.5 kWh. The maximum leaves
# room for overloaded fuses and meters that catch up after an outage.
[limits.W]
maximum_wh = 60000
alarm_wh = 34500

# Low voltage with current transformers: a whole secondary substation of 1,000 kVA for half an hour is 500 kWh.
[limits.L]
maximum_wh = 1000000
alarm_wh = 500000

# High voltage: 40 MW, alarm at 20 MW.
[limits.H]
maximum_wh = 20000000
alarm_wh = 10000000

# Extra high voltage: 1 GW, alarm at 500 MW.
[limits.E]
maximum_wh = 500000000
alarm_wh = 250000000

# Unmetered: the street lights of a county under one MPAN. 20 MW, alarm at 10 MW.
[limits.U]
maximum_wh = 10000000
alarm_wh = 5000000

# What a feeder sums in a half hour, in Wh, import and export each. Above it the feeder's half hour is quarantined
# (feeder-over-maximum): its readings stay, but feeder-load leaves it out, transformer-load leaves out its energy and
# its meters, lv-feeder does not publish it, and quarantined-loads lists it. No such limit is published; open data of
# network operators had some 60 substations with up to 50 GW. Ours (L), so that what is above is surely wrong:
# - A feeder with a rating_a in feeders.csv whose meters are all at W, L or U: rating_pct of what the rating carries,
#   rating x 3 x 230 V x 0.5 h (630 A: 217 kWh). A fuse melts within hours at 1.6 times its rating (IEC 60269, gG; L);
#   the rest is for ratings that are out of date, or of one section. 1 to 1000000.
# - Any other: the larger of unrated_wh, 2 MW for half an hour, where a clean-up of that open data made its cut, and
#   meters_pct of what its meters may give by [limits]: the alarm_wh of all that are expected together, or the
#   maximum_wh of one of them where that is more. meters_pct: 0 to 1000000.
# This table alone may be left out: what feeders sum is then held to nothing, as under packs older than it.
[feeders]
rating_pct = 400
unrated_wh = 1000000
meters_pct = 100

# Sums of half hours against the advance of the register: the larger of the two tolerances counts. Not published (L):
# 10 Wh is what rounding a month of half hours to a watt-hour each may come to.
[registers]
tolerance_wh = 10
tolerance_per_mille = 1

# A time that lies so many seconds or fewer off the half hour is put on it and counted as drifted; 0 refuses it
# (off-grid). No tolerance is published; background knowledge (L) has 20 s for outstations and 10 s for smart meters.
# 0 to 600.
[clock]
drift_tolerance_s = 0

# Registration statuses in which consumption is recorded; in others a message is refused (status, ECS1009). Which of
# created, operational and terminated refuse was not found (L).
[registration]
recordable = ["operational"]
)";

} // namespace

std::string_view built_in_rule_settings() noexcept { return rules_text; }

} // namespace gridtwin
