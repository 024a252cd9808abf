#include "src/api/pointer_answers.hpp"

#include "config/printable_text.hpp"
#include "src/api/api_bounds.hpp"
#include "src/api/event_position.hpp"
#include "src/api/http_answers.hpp"
#include "src/api/pointer_request.hpp"
#include "src/api/topic_source.hpp"

#include <string>
#include <utility>

namespace gridtwin {

namespace {

std::string json_of(const kept_pointer& p) {
  return "{\"name\":" + json_string(p.name) + ",\"topic\":" + json_string(p.topic)
         + ",\"position\":" + json_string(p.position) + "}\n";
}

http_response answer_with(unsigned status, const kept_pointer& p) { return answer_of(status, json_type, json_of(p)); }

http_response put(api_parts& parts, const http_request& request, const std::string& owner, const std::string& name) {
  auto asked = parse_pointer_request(request.body);
  if (!asked)
    return refusal_of(400, asked.failure().message);
  const auto topic = parse_access_topic(asked->topic);
  const topic_source* const source = topic ? source_of(*topic) : nullptr;
  if (source == nullptr || !reader_rights(parts.policy, request.peer).opens(access_operation::read, *topic))
    return not_found();
  const auto position = parse_event_position(asked->position);
  const auto durable = parts.store->with([&](opened_store& store) { return source->is_durable(store, *position); });
  if (!durable)
    return failed();
  if (!*durable)
    return refusal_of(409, "the position lies beyond what is durable here: it is not one of this node's");
  const kept_pointer wanted{name, std::move(asked->topic), std::move(asked->position)};
  const auto kept = parts.pointers->keep(owner, wanted, asked->earlier);
  if (!kept)
    return failed();
  switch (*kept) {
  case pointer_store::outcome::kept:
    return answer_with(asked->earlier ? 200 : 201, wanted);
  case pointer_store::outcome::moved_meanwhile:
    return refusal_of(409, "the pointer does not stand at the earlier position: read it again");
  case pointer_store::outcome::too_many:
    break;
  }
  return refusal_of(409,
                    "there are " + std::to_string(api_bounds::pointers_of_identity) + " pointers already: delete one");
}

http_response get(api_parts& parts, const std::string& owner, const std::string& name) {
  const auto found = parts.pointers->find(owner, name);
  if (!found)
    return failed();
  return *found ? answer_with(200, **found) : not_found();
}

http_response list(api_parts& parts, const std::string& owner) {
  const auto all = parts.pointers->list(owner);
  if (!all)
    return failed();
  std::string lines;
  for (const kept_pointer& p : *all)
    lines += json_of(p);
  return answer_of(200, json_lines_type, std::move(lines));
}

} // namespace

http_response pointer_answer(const std::shared_ptr<api_parts>& parts, const http_request& request,
                             const http_target& target) {
  if (auto unknown = unknown_parameter(target, {}))
    return std::move(*unknown);
  const std::string owner = to_string(request.peer);
  if (target.path.size() == 2)
    return request.method == "GET" ? list(*parts, owner) : wrong_method("GET");
  const std::string& name = target.path[2];
  if (!is_pointer_name(name))
    return refusal_of(400, "a pointer's name has 1 to 64 of letters, digits, dot, hyphen and underscore");
  if (request.method == "PUT")
    return put(*parts, request, owner, name);
  if (request.method == "GET")
    return get(*parts, owner, name);
  if (request.method != "DELETE")
    return wrong_method("GET, PUT, DELETE");
  const auto removed = parts->pointers->remove(owner, name);
  if (!removed)
    return failed();
  return *removed ? answer_of(204, {}, {}) : not_found();
}

} // namespace gridtwin
