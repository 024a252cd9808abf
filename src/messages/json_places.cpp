#include "src/messages/json_places.hpp"

namespace gridtwin {

namespace {

constexpr std::string_view blanks = " \t\r\n";

/// Calls `f(mark, place, depth)` for each brace, bracket and comma outside texts, until it answers false. The depth is
/// that around the mark's value: of a brace that opens and of the one that closes it the same.
template <class F>
void for_each_mark(std::string_view json, F&& f) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < json.size(); ++at) {
    const char c = json[at];
    if (c == '"') {
      for (++at; at < json.size() && json[at] != '"'; ++at)
        at += json[at] == '\\' ? 1 : 0;
      continue;
    }
    const bool closes = c == '}' || c == ']';
    const bool opens = c == '{' || c == '[';
    if (!closes && !opens && c != ',')
      continue;
    if (closes && depth > 0)
      --depth;
    if (!f(c, at, depth))
      return;
    if (opens)
      ++depth;
  }
}

text_place without_blanks(std::string_view json, std::size_t begin, std::size_t end) noexcept {
  while (begin < end && blanks.find(json[begin]) != std::string_view::npos)
    ++begin;
  while (end > begin && blanks.find(json[end - 1]) != std::string_view::npos)
    --end;
  return {begin, end - begin};
}

} // namespace

std::vector<text_place> elements_of(std::string_view json) {
  const text_place whole = without_blanks(json, 0, json.size());
  if (whole.size == 0 || json[whole.offset] != '[')
    return {whole};
  std::vector<text_place> out;
  std::size_t begin = whole.offset + 1;
  for_each_mark(json, [&](char mark, std::size_t at, std::size_t depth) {
    const bool ends_element = (mark == ',' && depth == 1) || (mark == ']' && depth == 0);
    if (ends_element) {
      const text_place element = without_blanks(json, begin, at);
      if (element.size > 0)
        out.push_back(element);
      begin = at + 1;
    }
    return mark != ']' || depth > 0;
  });
  return out;
}

std::vector<text_place> objects_within(std::string_view json, std::size_t depth, std::size_t skip, std::size_t most) {
  std::vector<text_place> out;
  std::size_t begin = 0;
  for_each_mark(json, [&](char mark, std::size_t at, std::size_t around) {
    if (around != depth)
      return true;
    if (mark == '{')
      begin = at;
    else if (mark == '}' && skip > 0)
      --skip;
    else if (mark == '}')
      out.push_back({begin, at + 1 - begin});
    return out.size() < most;
  });
  return out;
}

std::string_view half_hour_text(std::string_view message, std::size_t number) {
  const auto found = objects_within(message, half_hour_depth, number, 1);
  return found.empty() ? std::string_view() : message.substr(found.front().offset, found.front().size);
}

} // namespace gridtwin
