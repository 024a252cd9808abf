#pragma once

#include "src/api/http_message.hpp"
#include "src/api/http_target.hpp"
#include "src/api/topic_events.hpp"

#include <memory>

namespace gridtwin {

/// `GET /v1/extract/reading`: the readings that stand, in bulk, as CSV or JSON lines: of days in order, of each its
/// transformers by name, of each its meters. `from` and `to` bound the starts of half hours, `mpan` and `transformer`
/// choose. Made while it is sent, each meter's day as it stands at that moment. What the client may
/// not see is not there; who may not extract is answered as if there were nothing.
http_response extract_readings(const std::shared_ptr<api_parts>& parts, const http_request& request,
                               const http_target& target);

} // namespace gridtwin
