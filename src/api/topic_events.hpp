#pragma once

#include "src/api/http_message.hpp"
#include "src/api/http_target.hpp"
#include "src/api/pointer_store.hpp"
#include "src/api/reader_rights.hpp"
#include "src/api/store_pool.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace gridtwin {

/// What answers are made of; shared by those that are under way.
struct api_parts {
  std::unique_ptr<store_pool> store;
  std::unique_ptr<pointer_store> pointers;
  policy_function policy;
  std::function<std::int64_t()> now_us; ///< of a clock that never goes back
};

/// `GET /v1/topics/TOPIC/events`: a page of JSON lines, or a stream of server-sent events where `Accept` asks for it.
/// `after`, `from_time`, `pointer` or the field `Last-Event-ID` say where to begin, `shard` and `limit` how much,
/// `wait` how long to wait for the first event. Who may not read the topic is answered as if there were none.
http_response topic_events(const std::shared_ptr<api_parts>& parts, const http_request& request,
                           const http_target& target, access_topic topic);

} // namespace gridtwin
