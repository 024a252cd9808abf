#include "src/api/pointer_request.hpp"

#include "src/api/api_bounds.hpp"
#include "src/api/event_position.hpp"

#include <simdjson.h>

#include <algorithm>

namespace gridtwin {

namespace {

error unfit_body(std::string why) {
  return {errc::usage, "the body must be {\"topic\":...,\"position\":...,\"earlier\":...}: " + std::move(why)};
}

} // namespace

result<pointer_request> parse_pointer_request(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  const simdjson::padded_string padded(json);
  if (parser.parse(padded).get_object().get(object) != simdjson::SUCCESS)
    return unfit_body("it is no JSON object");
  std::optional<std::string> topic;
  std::optional<std::string> position;
  std::optional<std::string> earlier;
  bool earlier_given = false;
  for (const auto [key, value] : object) {
    std::string_view text;
    const bool is_text = value.get_string().get(text) == simdjson::SUCCESS;
    const bool is_none = key == "earlier" && value.is_null();
    std::optional<std::string>& to = key == "topic" ? topic : key == "position" ? position : earlier;
    if (key != "topic" && key != "position" && key != "earlier")
      return unfit_body("it has another key");
    if (!is_text && !is_none)
      return unfit_body("a value is no text");
    if (to || (key == "earlier" && earlier_given))
      return unfit_body("it has a key twice");
    earlier_given = earlier_given || key == "earlier";
    if (is_text)
      to.emplace(text);
  }
  if (!topic || !position)
    return unfit_body("a key is missing");
  pointer_request out{std::move(*topic), {}, {}};
  const auto at = parse_event_position(*position);
  if (!at)
    return unfit_body(at.failure().message);
  out.position = to_string(*at);
  if (earlier) {
    const auto before = parse_event_position(*earlier);
    if (!before)
      return unfit_body(before.failure().message);
    out.earlier = to_string(*before);
  }
  return out;
}

bool is_pointer_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= api_bounds::pointer_name_bytes
         && std::all_of(name.begin(), name.end(), [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-'
                     || c == '_';
            });
}

} // namespace gridtwin
