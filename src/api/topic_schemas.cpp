#include "src/api/topic_schemas.hpp"

namespace gridtwin {

namespace {

constexpr std::string_view reading_schema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:gridtwin:topic:reading:1",
  "title": "A reading that was added to the set. Fields that the reader's role does not see are not there.",
  "type": "object",
  "additionalProperties": false,
  "required": ["topic", "shard", "offset", "place", "transformer_id", "quantity", "period_end", "wh", "known_at"],
  "properties": {
    "topic": {"const": "reading"},
    "shard": {"type": "integer", "minimum": 0, "maximum": 63,
              "description": "shard of the journal; order holds within one"},
    "offset": {"type": "integer", "minimum": 1, "description": "of the journal's record, ascending in its shard"},
    "place": {"type": "integer", "minimum": 0, "description": "within the record"},
    "id": {"type": "string", "pattern": "^[0-9a-f]{64}$",
           "description": "SHA-256 of what was said: the same event has the same id wherever and whenever it is read; not there where a field is masked that it is made of"},
    "transformer_id": {"type": "string", "description": "under which the reading was judged"},
    "mpan": {"type": "string", "pattern": "^[0-9]{13}$"},
    "quantity": {"enum": ["AI", "AE", "RI", "RE"]},
    "period_end": {"type": "string", "format": "date-time", "description": "end of the half hour in UTC"},
    "version": {"type": "integer", "minimum": 1, "description": "the highest that is not contradicted stands"},
    "wh": {"type": "integer", "description": "watt-hours, or volt-ampere-reactive hours"},
    "quality": {"type": "string", "description": "A actual, E1 and so on estimates"},
    "reason": {"type": ["integer", "null"], "minimum": 1, "maximum": 10, "description": "DI-076, of an estimate"},
    "amendment": {"enum": ["A", "E", "M", "R", "S", "T", "X", null], "description": "DI-166, of a change; masked with reason"},
    "source": {"type": "string", "description": "file or sender"},
    "line": {"type": "integer", "minimum": 0, "description": "of the source"},
    "known_at": {"type": "string", "format": "date-time", "description": "when it became known"}
  }
}
)";

constexpr std::string_view gap_schema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:gridtwin:topic:gap:1",
  "title": "A gap of a meter that a record of the journal opened or closed; what was opened and not closed is missing. One that is shrunk or split is closed, and what is left of it is opened.",
  "type": "object",
  "additionalProperties": false,
  "required": ["topic", "shard", "offset", "place", "state", "transformer_id", "quantity", "first_period_end", "last_period_end", "periods",
               "known_at"],
  "$defs": {
    "end": {"type": "string", "format": "date-time", "description": "end of a half hour in UTC"},
    "count": {"type": "integer", "minimum": 0}
  },
  "properties": {
    "topic": {"const": "gap"},
    "shard": {"type": "integer", "minimum": 0, "maximum": 63,
              "description": "shard of the journal; order holds within one"},
    "offset": {"type": "integer", "minimum": 1, "description": "of the journal's record that it follows from, ascending in its shard"},
    "place": {"type": "integer", "minimum": 0, "description": "among the topic's events of the record"},
    "state": {"enum": ["open", "closed"]},
    "transformer_id": {"type": "string", "description": "under which the readings that changed it were judged"},
    "mpan": {"type": "string", "pattern": "^[0-9]{13}$"},
    "quantity": {"enum": ["AI", "AE", "RI", "RE"]},
    "first_period_end": {"$ref": "#/$defs/end", "description": "the first missing half hour: the one before it has a value"},
    "last_period_end": {"$ref": "#/$defs/end", "description": "the last missing half hour: the one behind it has a value"},
    "periods": {"$ref": "#/$defs/count", "description": "missing half hours in which the meter was connected"},
    "parts": {"description": "where the meter was connected nowhere for some of it, by the estate that the record's run went by: what is left",
              "type": "array",
              "items": {"type": "object", "additionalProperties": false, "required": ["first_period_end", "last_period_end", "periods"],
                        "properties": {"first_period_end": {"$ref": "#/$defs/end"}, "last_period_end": {"$ref": "#/$defs/end"},
                                       "periods": {"$ref": "#/$defs/count"}}}},
    "known_at": {"type": "string", "format": "date-time", "description": "when the last of the readings that changed it became known"}
  }
}
)";

constexpr std::string_view feeder_half_hour_schema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:gridtwin:topic:feeder.half_hour:1",
  "title": "What was known of a half hour of a feeder once a record of the journal was added; the last one of a feeder and half hour stands.",
  "type": "object",
  "additionalProperties": false,
  "required": ["topic", "shard", "offset", "place", "transformer_id", "feeder_id", "period_end", "import_wh", "meters_expected",
               "meters_reported", "actual", "estimated", "revision", "quarantined", "estate", "rules_version", "known_at"],
  "properties": {
    "topic": {"const": "feeder.half_hour"},
    "shard": {"type": "integer", "minimum": 0, "maximum": 63,
              "description": "shard of the journal; order holds within one, and a transformer is in one"},
    "offset": {"type": "integer", "minimum": 1, "description": "of the journal's record that it follows from, ascending in its shard"},
    "place": {"type": "integer", "minimum": 0, "description": "among the topic's events of the record"},
    "transformer_id": {"type": "string"},
    "feeder_id": {"type": "string", "description": "unique within the transformer"},
    "period_end": {"type": "string", "format": "date-time", "description": "end of the half hour in UTC"},
    "import_wh": {"type": "integer", "description": "sum of the current values of active import, in watt-hours"},
    "export_wh": {"type": "integer", "description": "of active export; not there where too few meters gave it"},
    "meters_expected": {"type": "integer", "minimum": 0, "description": "that should report, by the estate that the record's run went by"},
    "meters_reported": {"type": "integer", "minimum": 0, "description": "with a current value of any quantity"},
    "actual": {"type": "integer", "minimum": 0, "description": "of those reported, meters without an estimate"},
    "estimated": {"type": "integer", "minimum": 0, "description": "of those reported, meters with an estimate"},
    "revision": {"type": "integer", "minimum": 0, "description": "accepted versions under the half hour"},
    "quarantined": {"type": "boolean", "description": "the sum is above what the feeder can carry and is not to be relied on"},
    "limit_wh": {"type": "integer", "description": "of a quarantined half hour: the limit that it is above"},
    "estate": {"type": "string", "pattern": "^[0-9a-f]{16}$", "description": "beginning of the hash of the estate that it goes by"},
    "rules_version": {"type": "integer", "minimum": 1, "description": "of the rule pack that it goes by"},
    "known_at": {"type": "string", "format": "date-time", "description": "when the record's readings of it became known"}
  }
}
)";

constexpr std::string_view transformer_half_hour_schema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:gridtwin:topic:transformer.half_hour:1",
  "title": "What was known of a half hour of a transformer once a record of the journal was added; the last one of a transformer and half hour stands.",
  "type": "object",
  "additionalProperties": false,
  "required": ["topic", "shard", "offset", "place", "transformer_id", "period_end", "import_wh", "meters_expected", "meters_reported",
               "actual", "estimated", "revision", "feeders_quarantined", "estate", "rules_version", "known_at"],
  "dependentRequired": {"export_wh": ["kva", "utilisation_pct"], "kva": ["export_wh"], "utilisation_pct": ["export_wh"]},
  "properties": {
    "topic": {"const": "transformer.half_hour"},
    "shard": {"type": "integer", "minimum": 0, "maximum": 63,
              "description": "shard of the journal; order holds within one, and a transformer is in one"},
    "offset": {"type": "integer", "minimum": 1, "description": "of the journal's record that it follows from, ascending in its shard"},
    "place": {"type": "integer", "minimum": 0, "description": "among the topic's events of the record"},
    "transformer_id": {"type": "string"},
    "period_end": {"type": "string", "format": "date-time", "description": "end of the half hour in UTC"},
    "import_wh": {"type": "integer", "description": "sum over its feeders that are not quarantined, in watt-hours"},
    "export_wh": {"type": "integer", "description": "the same of active export; not there where too few meters gave it"},
    "kva": {"type": "number", "minimum": 0, "description": "abs(import - export) / 500 / power factor"},
    "utilisation_pct": {"type": "number", "minimum": 0, "description": "of the rating"},
    "meters_expected": {"type": "integer", "minimum": 0, "description": "that should report, by the estate that the record's run went by"},
    "meters_reported": {"type": "integer", "minimum": 0, "description": "with a current value of any quantity, on feeders that are not quarantined"},
    "actual": {"type": "integer", "minimum": 0, "description": "of those reported, meters without an estimate"},
    "estimated": {"type": "integer", "minimum": 0, "description": "of those reported, meters with an estimate"},
    "revision": {"type": "integer", "minimum": 0, "description": "accepted versions under the half hour"},
    "feeders_quarantined": {"type": "integer", "minimum": 0, "description": "feeders whose sum is above what they can carry: left out of energy and meters"},
    "estate": {"type": "string", "pattern": "^[0-9a-f]{16}$", "description": "beginning of the hash of the estate that it goes by"},
    "rules_version": {"type": "integer", "minimum": 1, "description": "of the rule pack that it goes by"},
    "known_at": {"type": "string", "format": "date-time", "description": "when the record's readings of it became known"}
  }
}
)";

constexpr std::string_view settlement_day_schema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:gridtwin:topic:settlement.day:1",
  "title": "A meter's quantity on a settlement date, as a recorded run of settlement settled it. Fields that the reader's role does not see are not there.",
  "type": "object",
  "additionalProperties": false,
  "required": ["topic", "shard", "offset", "place", "transformer_id", "quantity", "settlement_date", "run", "known_at", "wh", "estate"],
  "properties": {
    "topic": {"const": "settlement.day"},
    "shard": {"const": 0, "description": "shard of the journal: all runs of settlement are in one"},
    "offset": {"type": "integer", "minimum": 1, "description": "of the run's record, ascending: the last one of a date and run stands"},
    "place": {"type": "integer", "minimum": 0, "description": "within the record"},
    "transformer_id": {"type": "string"},
    "mpan": {"type": "string", "pattern": "^[0-9]{13}$"},
    "quantity": {"enum": ["AI", "AE", "RI", "RE"]},
    "settlement_date": {"type": "string", "format": "date", "description": "local"},
    "run": {"enum": ["II", "SF", "R1", "R2", "R3", "RF", "DR", "DF"]},
    "known_at": {"type": "string", "format": "date-time", "description": "the last second before the run's gate: what became known later did not count"},
    "wh": {"type": "array", "minItems": 46, "maxItems": 50, "items": {"type": ["integer", "null"]},
           "description": "watt-hours, or volt-ampere-reactive hours, of each half hour of the date in order: 46, 48 or 50; null: of another connection of the meter, which has an event of its own"},
    "actual": {"type": "integer", "minimum": 0, "description": "half hours with an actual"},
    "estimated": {"type": "integer", "minimum": 0, "description": "half hours with an estimate"},
    "quality": {"type": "array", "minItems": 46, "maxItems": 50, "items": {"type": ["string", "null"]},
                "description": "of each half hour: A actual, E1 and so on estimates"},
    "method": {"type": "array", "minItems": 46, "maxItems": 50, "items": {"type": ["string", "null"]},
               "description": "of each half hour: null for an actual, received for an estimate that was received, else how the run estimated it"},
    "estate": {"type": "string", "pattern": "^[0-9a-f]{16}$", "description": "beginning of the hash of the estate that the run went by"}
  }
}
)";

constexpr std::string_view audit_schema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:gridtwin:topic:audit:1",
  "title": "Who did what to the store or its node, and who was refused.",
  "type": "object",
  "additionalProperties": false,
  "required": ["topic", "shard", "offset", "place", "at", "who", "act", "subject", "detail"],
  "properties": {
    "topic": {"const": "audit"},
    "shard": {"const": 0, "description": "shard of the journal: all acts are in one"},
    "offset": {"type": "integer", "minimum": 1, "description": "of the journal's record, ascending"},
    "place": {"const": 0},
    "at": {"type": "string", "format": "date-time"},
    "who": {"type": "string", "minLength": 1},
    "act": {"type": "string", "minLength": 1, "description": "what was done: a word such as drop-letter"},
    "subject": {"type": "string", "description": "what it was done to"},
    "detail": {"type": "string", "description": "why, and what else is to be known"}
  }
}
)";

constexpr std::string_view alarm_schema = R"({
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$id": "urn:gridtwin:topic:alarm:1",
  "title": "What happened to an alarm, with the alarm as it was then. Fields that the reader's role does not see are not there.",
  "type": "object",
  "additionalProperties": false,
  "required": ["topic", "shard", "offset", "place", "at", "event", "alarm", "kind", "state", "transformer_id", "first_period_end",
               "raised_at", "ended_at", "acknowledged_at"],
  "properties": {
    "topic": {"const": "alarm"},
    "shard": {"const": 0, "description": "all are in one order"},
    "offset": {"type": "integer", "minimum": 1, "description": "number of what happened, ascending"},
    "place": {"const": 0},
    "at": {"type": "string", "format": "date-time", "description": "when it happened"},
    "event": {"enum": ["raised", "changed", "cleared", "withdrawn", "acknowledged"]},
    "alarm": {"type": "integer", "minimum": 1, "description": "number of the alarm, the same for all that happens to it"},
    "kind": {"enum": ["overload", "overdue", "fleet-overdue"]},
    "state": {"enum": ["raised", "cleared", "withdrawn"]},
    "transformer_id": {"type": ["string", "null"], "description": "null: of the whole estate"},
    "mpan": {"type": ["string", "null"], "pattern": "^[0-9]{13}$", "description": "of a meter that is overdue"},
    "first_period_end": {"type": "string", "format": "date-time", "description": "of an overload: its first half hour; else the one that is waited for"},
    "last_period_end": {"type": "string", "format": "date-time", "description": "of an overload"},
    "half_hours": {"type": "integer", "minimum": 0, "description": "of an overload: those above the limits"},
    "peak_period_end": {"type": "string", "format": "date-time", "description": "of an overload"},
    "peak_utilisation_pct": {"type": "number", "minimum": 0, "description": "of an overload, of the rating"},
    "meters_reported": {"type": "integer", "minimum": 0, "description": "behind the figure; of the estate: those not overdue"},
    "meters_expected": {"type": "integer", "minimum": 0},
    "raised_at": {"type": "string", "format": "date-time"},
    "ended_at": {"type": ["string", "null"], "format": "date-time"},
    "acknowledged_at": {"type": ["string", "null"], "format": "date-time"},
    "acknowledged_by": {"type": "string"},
    "acknowledged_why": {"type": ["string", "null"]}
  }
}
)";

} // namespace

std::optional<topic_schema> schema_of(access_topic topic) noexcept {
  if (topic == access_topic::reading)
    return topic_schema{topic, 1, reading_schema};
  if (topic == access_topic::alarm)
    return topic_schema{topic, 1, alarm_schema};
  if (topic == access_topic::settlement_day)
    return topic_schema{topic, 1, settlement_day_schema};
  if (topic == access_topic::audit)
    return topic_schema{topic, 1, audit_schema};
  if (topic == access_topic::gap)
    return topic_schema{topic, 1, gap_schema};
  if (topic == access_topic::feeder_half_hour)
    return topic_schema{topic, 1, feeder_half_hour_schema};
  if (topic == access_topic::transformer_half_hour)
    return topic_schema{topic, 1, transformer_half_hour_schema};
  return std::nullopt;
}

} // namespace gridtwin
