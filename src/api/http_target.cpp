#include "src/api/http_target.hpp"

#include "config/printable_text.hpp"
#include "src/api/api_bounds.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

error wrong(std::string why) { return {errc::usage, "the request's target " + std::move(why)}; }

std::optional<unsigned> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9')
    return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f')
    return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F')
    return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

/// A part of a target without its escapes.
result<std::string> resolved(std::string_view part) {
  std::string out;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] != '%') {
      out += part[i];
      continue;
    }
    const auto high = i + 2 < part.size() ? hex_digit(part[i + 1]) : std::nullopt;
    const auto low = high ? hex_digit(part[i + 2]) : std::nullopt;
    if (!low)
      return wrong("has a % without two hexadecimal digits");
    out += static_cast<char>(*high << 4 | *low);
    i += 2;
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(out.begin(), out.end(), is_control) || !is_utf8(out))
    return wrong("has control characters, or is not UTF-8");
  return out;
}

/// The text up to a separator; takes it and the separator off.
std::string_view take_until(std::string_view& rest, char separator) noexcept {
  const std::size_t end = std::min(rest.find(separator), rest.size());
  const std::string_view out = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return out;
}

result<void> add_parameters(std::string_view rest, http_target& out) {
  while (!rest.empty()) {
    std::string_view value = take_until(rest, '&');
    const auto name = resolved(take_until(value, '='));
    if (!name)
      return name.failure();
    auto text = resolved(value);
    if (!text)
      return text.failure();
    if (name->empty())
      return wrong("has a parameter without a name");
    if (out.query.size() == api_bounds::query_parameters)
      return wrong("has more than " + std::to_string(api_bounds::query_parameters) + " parameters");
    if (!out.query.emplace(*name, std::move(*text)).second)
      return wrong("has a parameter twice");
  }
  return {};
}

} // namespace

std::optional<std::string_view> http_target::parameter(std::string_view name) const {
  const auto at = query.find(name);
  return at == query.end() ? std::nullopt : std::optional<std::string_view>(at->second);
}

result<http_target> parse_http_target(std::string_view text) {
  if (text.size() > api_bounds::target_bytes)
    return wrong("is longer than " + std::to_string(api_bounds::target_bytes) + " bytes");
  if (!text.starts_with('/') || text.find('#') != std::string_view::npos)
    return wrong("must be a path from / on, without #");
  std::string_view parameters = text;
  std::string_view path = take_until(parameters, '?').substr(1);
  http_target out;
  while (!path.empty()) {
    const bool ends_in_slash = path.find('/') == path.size() - 1;
    auto segment = resolved(take_until(path, '/'));
    if (!segment)
      return segment.failure();
    if (segment->empty() || *segment == "." || *segment == ".." || ends_in_slash)
      return wrong("has an empty part of its path, or . or ..");
    if (out.path.size() == api_bounds::path_segments)
      return wrong("has more than " + std::to_string(api_bounds::path_segments) + " parts of its path");
    out.path.push_back(std::move(*segment));
  }
  if (auto added = add_parameters(parameters, out); !added)
    return added.failure();
  return out;
}

} // namespace gridtwin
