#include "src/api/message_route.hpp"

#include "src/api/api_bounds.hpp"
#include "src/api/http_answers.hpp"
#include "src/channel/channel_bounds.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::string_view messages_path = "/v1/if-021";

static_assert(channel_bounds::body_bytes <= api_bounds::most_body_bytes, "the listener lets it in");

/// The media type alone, without parameters, in lower case.
std::string media_type(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, text.find(';')))
    if (c != ' ' && c != '\t')
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool accepts_json(std::string_view accept) {
  while (!accept.empty()) {
    const std::size_t end = std::min(accept.find(','), accept.size());
    const std::string type = media_type(accept.substr(0, end));
    if (type == json_type || type == "application/*" || type == "*/*")
      return true;
    accept.remove_prefix(std::min(end + 1, accept.size()));
  }
  return false;
}

std::optional<std::uint16_t> version_in(const http_target& target) {
  const auto text = target.parameter("version");
  if (!text)
    return 1;
  std::uint16_t out = 0;
  const char* const end = text->data() + text->size();
  const auto read = std::from_chars(text->data(), end, out);
  return read.ec == std::errc() && read.ptr == end && out != 0 ? std::optional(out) : std::nullopt;
}

/// Nothing where a field is there twice: then it is not clear which of them was signed.
std::optional<signature_fields> signature_of(const http_request& request) {
  signature_fields out;
  const std::array<std::pair<std::string_view, std::string*>, 4> names{
    {{"x-dip-signature", &out.signature},
     {"x-dip-signature-date", &out.date},
     {"x-dip-content-hash", &out.content_hash},
     {"x-dip-signature-certificate", &out.certificate}}};
  for (const auto& [name, text] : request.dip_fields)
    for (const auto& [wanted, to] : names)
      if (name == wanted) {
        if (!to->empty())
          return std::nullopt;
        *to = text;
      }
  return out;
}

http_response as_response(channel_answer&& from) {
  http_response out = answer_of(from.status, json_type, std::move(from.body));
  if (from.retry_after_s)
    out.fields.emplace_back("Retry-After", std::to_string(*from.retry_after_s));
  return out;
}

} // namespace

std::size_t body_limit_of(std::string_view target) noexcept {
  return target.substr(0, target.find('?')) == messages_path ? channel_bounds::body_bytes : api_bounds::body_bytes;
}

http_response take_messages(const std::shared_ptr<const message_channel>& channel, const http_request& request,
                            const http_target& target, const std::function<std::int64_t()>& now_s) {
  if (!channel || request.peer.role != access_role::head_end)
    return not_found();
  if (request.method != "POST")
    return wrong_method("POST");
  if (auto unknown = unknown_parameter(target, {"version"}))
    return std::move(*unknown);
  const auto version = version_in(target);
  if (!version)
    return refusal_of(400, "'version' must be a whole number, 1 to 65535");
  if (!request.accept.empty() && !accepts_json(request.accept))
    return refusal_of(406, "this is answered in application/json alone");
  if (media_type(request.content_type) != json_type)
    return refusal_of(400, "the body must be application/json, and the field Content-Type must say so");
  const auto signature = signature_of(request);
  if (!signature)
    return refusal_of(401, "a field of the signature is there twice");
  auto batch =
    channel->take({request.method, request.target, *signature, request.body, *version, request.peer}, now_s());
  if (!batch)
    return refusal_of(401, batch.failure().message);
  http_response out;
  out.woken = [batch = *batch](std::function<void()> wake) { batch->when_answered(std::move(wake)); };
  out.later = [batch = std::move(*batch), now_s]() -> std::optional<http_response> {
    auto answer = batch->answer(now_s());
    return answer ? std::optional(as_response(std::move(*answer))) : std::nullopt;
  };
  return out;
}

} // namespace gridtwin
