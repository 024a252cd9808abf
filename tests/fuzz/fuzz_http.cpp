// A request's target, a position and a pointer's body of any bytes are refused with a reason that repeats nothing of
// them, or mean one thing.

#include "src/api/api_bounds.hpp"
#include "src/api/event_position.hpp"
#include "src/api/http_target.hpp"
#include "src/api/pointer_request.hpp"
#include "tests/fuzz/fuzz_support.hpp"

#include <algorithm>
#include <string>

namespace {

using namespace gridtwin;
using fuzz::require;

bool is_clean(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

std::string escaped(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    out += '%';
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

void check_target(std::string_view text) {
  const auto target = parse_http_target(text);
  if (!target) {
    require(is_clean(target.failure().message), "a refusal is one line");
    return;
  }
  require(target->path.size() <= api_bounds::path_segments, "a path has its parts");
  require(target->query.size() <= api_bounds::query_parameters, "a query has its parameters");
  std::string again = target->path.empty() ? "/" : "";
  for (const std::string& part : target->path) {
    require(!part.empty() && part != "." && part != ".." && is_clean(part), "a part of a path is a name");
    again += "/" + escaped(part);
  }
  std::string separator = "?";
  for (const auto& [name, value] : target->query) {
    require(!name.empty() && is_clean(name) && is_clean(value), "a parameter is clean");
    again += separator + escaped(name) + "=" + escaped(value);
    separator = "&";
  }
  const auto same = parse_http_target(again);
  require(again.size() > api_bounds::target_bytes
            || (same && same->path == target->path && same->query == target->query),
          "a target with all escaped means the same");
}

void check_position(std::string_view text) {
  const auto position = parse_event_position(text);
  if (!position)
    return;
  require(to_string(*position) == text || text.empty(), "a position is written in one way");
  require(*parse_event_position(to_string(*position)) == *position, "a position is read as it is written");
}

void check_pointer(std::string_view text) {
  const auto pointer = parse_pointer_request(text);
  if (!pointer) {
    require(is_clean(pointer.failure().message), "a refusal is one line");
    return;
  }
  require(parse_event_position(pointer->position) && (!pointer->earlier || parse_event_position(*pointer->earlier)),
          "a pointer has positions");
}

} // namespace

/// The first byte says what: `/` a target, `{` a pointer's body, anything else a position.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  if (text.starts_with('/'))
    check_target(text);
  else if (text.starts_with('{'))
    check_pointer(text);
  else
    check_position(text);
  return 0;
}
