#pragma once

#include "src/security/access_rights.hpp"
#include "src/store/reading_topic.hpp"

#include <string>

namespace gridtwin {

/// An event of the topic `reading` as one JSON object, without end of line. The same event has the same bytes wherever
/// it is read. Fields in `hidden` are left out, and with one that the event's id is made of the id, from which it could
/// be guessed.
void append_event_json(const reading_event& event, const field_set& hidden, std::string& out);

} // namespace gridtwin
