#pragma once

#include "src/api/alarm_log.hpp"
#include "src/gaps/gap_event.hpp"
#include "src/half_hours/half_hour_event.hpp"
#include "src/security/access_rights.hpp"
#include "src/settled_days/settled_day_event.hpp"
#include "src/store/audit.hpp"
#include "src/store/reading_topic.hpp"

#include <cstddef>
#include <string>

namespace gridtwin {

/// An event of the topic `reading` as one JSON object, without end of line. The same event has the same bytes wherever
/// it is read. Fields in `hidden` are left out, and with one that the event's id is made of the id, from which it could
/// be guessed.
void append_event_json(const reading_event& event, const field_set& hidden, std::string& out);

/// Of the estate's hash: so many digits tell the estates of a store apart.
inline constexpr std::size_t shown_estate_digits = 16;

/// The same of the topics `feeder.half_hour` and `transformer.half_hour`. Without `shows_export` export is left out,
/// and with it what it could be worked out from.
void append_event_json(const half_hour_event& event, bool shows_export, std::string& out);

/// The same of the topic `gap`.
void append_event_json(const gap_event& event, const field_set& hidden, std::string& out);

/// The same of the topic `settlement.day`. Where the quality of values is hidden, how they came about is, too.
void append_event_json(const settled_day_event& event, const field_set& hidden, std::string& out);

/// The same of the topic `audit`. Where MPANs are hidden, each in a text is written as 13 asterisks.
void append_event_json(const journal_act& act, const field_set& hidden, std::string& out);

/// The same of the topic `alarm`. Without `shows_figures` what meters add up to is left out, and who acknowledged it
/// where senders are hidden.
void append_event_json(const told_alarm& alarm, const field_set& hidden, bool shows_figures, std::string& out);

} // namespace gridtwin
