#include "src/channel/request_signature.hpp"

#include "src/channel/base64.hpp"
#include "src/channel/channel_bounds.hpp"
#include "src/messages/message_fields.hpp"
#include "twins/hash.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace gridtwin {

namespace {

error unsigned_so(std::string why) { return {errc::usage, std::move(why)}; }

struct bounded_field {
  std::string_view name;
  const std::string& text;
  std::size_t most;
};

std::optional<error> fault_of_fields(const signature_fields& f) {
  const std::array all{
    bounded_field{"X-DIP-Signature", f.signature, channel_bounds::signature_bytes},
    bounded_field{"X-DIP-Signature-Date", f.date, channel_bounds::date_bytes},
    bounded_field{"X-DIP-Content-Hash", f.content_hash, channel_bounds::hash_bytes},
    bounded_field{"X-DIP-Signature-Certificate", f.certificate, channel_bounds::certificate_bytes},
  };
  for (const bounded_field& one : all) {
    if (one.text.empty())
      return unsigned_so("the field " + std::string(one.name) + " is missing");
    if (one.text.size() > one.most)
      return unsigned_so("the field " + std::string(one.name) + " is too long");
  }
  return std::nullopt;
}

} // namespace

std::string signed_text(std::string_view method, std::string_view url, std::string_view date,
                        std::string_view content_hash) {
  std::string out(method);
  out += ';';
  std::transform(url.begin(), url.end(), std::back_inserter(out),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  out += ';';
  out += date;
  out += ';';
  out += content_hash;
  return out;
}

std::optional<std::int64_t> parse_signature_date(std::string_view text) noexcept {
  constexpr std::size_t whole_seconds = std::string_view("2026-06-16T02:15:00").size();
  constexpr std::size_t most_digits = 9;
  if (text.size() <= whole_seconds)
    return std::nullopt;
  std::string_view rest = text.substr(whole_seconds);
  if (rest.front() == '.') {
    rest.remove_prefix(1);
    const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits == 0 || digits > most_digits)
      return std::nullopt;
    rest.remove_prefix(digits);
  }
  if (rest != "Z" && rest != "+00:00")
    return std::nullopt;
  std::array<char, message_instant_size> instant{};
  const auto end = std::copy_n(text.begin(), whole_seconds, instant.begin());
  std::copy_n(std::string_view("+00:00").begin(), message_instant_size - whole_seconds, end);
  const auto parsed = parse_message_instant({instant.data(), instant.size()});
  return parsed ? std::optional(parsed->s) : std::nullopt;
}

result<void> check_signature(const signed_request& request, const signature_fields& fields, std::int64_t now_s,
                             std::int64_t window_s, const signer_function& signer) {
  if (auto fault = fault_of_fields(fields))
    return *fault;
  const auto date = parse_signature_date(fields.date);
  if (!date)
    return unsigned_so("X-DIP-Signature-Date must be an instant in UTC, as 2026-06-16T02:15:00Z");
  if (*date < now_s - window_s || *date > now_s + window_s)
    return unsigned_so("the signature was made more than " + std::to_string(window_s)
                       + " seconds before or after now: sign the request anew");
  if (fields.content_hash != base64_of(bytes_of(sha256(request.body))))
    return unsigned_so("X-DIP-Content-Hash is not the SHA-256 of the body");
  const auto pem = parse_base64(fields.certificate);
  const auto signature = parse_base64(fields.signature);
  if (!pem || !signature)
    return unsigned_so(std::string(pem ? "X-DIP-Signature" : "X-DIP-Signature-Certificate") + " is no base64");
  const auto who = signer(*pem, signed_text(request.method, request.url, fields.date, fields.content_hash), *signature);
  if (!who)
    return who.failure();
  if (*who != request.peer)
    return unsigned_so("the signature's certificate is another's than the connection's");
  return {};
}

} // namespace gridtwin
