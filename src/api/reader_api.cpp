#include "src/api/reader_api.hpp"

#include "config/printable_text.hpp"
#include "src/api/extract.hpp"
#include "src/api/http_answers.hpp"
#include "src/api/message_route.hpp"
#include "src/api/pointer_answers.hpp"
#include "src/api/topic_events.hpp"
#include "src/api/topic_schemas.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::string_view metrics_type = "text/plain; version=0.0.4; charset=utf-8";
constexpr std::string_view schema_type = "application/schema+json";

http_response topics(const api_parts& parts, const http_request& request) {
  const reader_rights rights(parts.policy, request.peer);
  std::string lines;
  for (const access_topic topic : all_topics)
    if (const auto schema = schema_of(topic); schema && rights.opens(access_operation::read, topic))
      lines += "{\"topic\":" + json_string(name_of(topic)) + ",\"version\":" + std::to_string(schema->version)
               + ",\"schema\":" + json_string("/v1/topics/" + std::string(name_of(topic)) + "/schema")
               + ",\"events\":" + json_string("/v1/topics/" + std::string(name_of(topic)) + "/events") + "}\n";
  return answer_of(200, json_lines_type, std::move(lines));
}

/// Below `/v1/topics/`.
http_response topic(const std::shared_ptr<api_parts>& parts, const http_request& request, const http_target& target) {
  const auto named = parse_access_topic(target.path[2]);
  const auto schema = named ? schema_of(*named) : std::nullopt;
  if (!schema || !reader_rights(parts->policy, request.peer).opens(access_operation::read, *named))
    return not_found();
  if (target.path[3] == "events")
    return topic_events(parts, request, target, *named);
  if (target.path[3] == "schema")
    return request.method == "GET" ? answer_of(200, schema_type, std::string(schema->json_schema))
                                   : wrong_method("GET");
  return not_found();
}

} // namespace

result<std::unique_ptr<reader_api>> reader_api::open(surroundings s) {
  auto parts = std::make_shared<api_parts>();
  auto store = store_pool::open(s.store, s.alarms);
  if (!store)
    return store.failure();
  auto pointers = pointer_store::open(s.store);
  if (!pointers)
    return pointers.failure();
  parts->store = std::move(*store);
  parts->pointers = std::move(*pointers);
  parts->policy = s.policy;
  parts->now_us = s.now_us;
  return std::unique_ptr<reader_api>(new reader_api(std::move(s), std::move(parts)));
}

http_response reader_api::handle(const http_request& request) const {
  const auto target = parse_http_target(request.target);
  if (!target)
    return refusal_of(400, target.failure().message);
  const auto& path = target->path;
  const auto is = [&](std::size_t size, std::initializer_list<std::string_view> first) {
    return path.size() == size && std::equal(first.begin(), first.end(), path.begin());
  };
  if (is(2, {"v1", "if-021"}))
    return take_messages(around_.messages, request, *target, around_.now_s);
  // Who brings readings reads nothing, figures neither.
  if (request.peer.role == access_role::head_end && !is(1, {"healthz"}) && !is(1, {"readyz"}))
    return not_found();
  if (is(4, {"v1", "topics"}))
    return topic(parts_, request, *target);
  if (is(2, {"v1", "pointers"}) || is(3, {"v1", "pointers"}))
    return pointer_answer(parts_, request, *target);
  if (is(3, {"v1", "extract", "reading"}))
    return extract_readings(parts_, request, *target);
  const bool plain = is(1, {"healthz"}) || is(1, {"readyz"}) || is(1, {"metrics"}) || is(2, {"v1", "topics"});
  if (!plain)
    return not_found();
  if (request.method != "GET")
    return wrong_method("GET");
  if (auto unknown = unknown_parameter(*target, {}))
    return std::move(*unknown);
  if (is(2, {"v1", "topics"}))
    return topics(*parts_, request);
  if (is(1, {"metrics"}))
    return answer_of(200, metrics_type, around_.metrics());
  const std::string why_not = is(1, {"readyz"}) ? around_.not_ready() : std::string();
  return why_not.empty() ? answer_of(200, text_type, "ok\n") : answer_of(503, text_type, why_not + "\n");
}

} // namespace gridtwin
