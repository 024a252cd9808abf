#pragma once

#include "src/api/http_message.hpp"
#include "src/api/http_target.hpp"
#include "src/api/topic_events.hpp"

#include <memory>

namespace gridtwin {

/// `/v1/pointers` and `/v1/pointers/NAME`: how far a reader has come, kept for it. Its own alone.
http_response pointer_answer(const std::shared_ptr<api_parts>& parts, const http_request& request,
                             const http_target& target);

} // namespace gridtwin
