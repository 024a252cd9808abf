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
    "reason": {"type": ["integer", "null"], "description": "of an estimate"},
    "source": {"type": "string", "description": "file or sender"},
    "line": {"type": "integer", "minimum": 0, "description": "of the source"},
    "known_at": {"type": "string", "format": "date-time", "description": "when it became known"}
  }
}
)";

} // namespace

std::optional<topic_schema> schema_of(access_topic topic) noexcept {
  if (topic == access_topic::reading)
    return topic_schema{topic, 1, reading_schema};
  return std::nullopt;
}

} // namespace gridtwin
