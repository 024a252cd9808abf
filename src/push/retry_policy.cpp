#include "src/push/retry_policy.hpp"

#include "twins/period.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace gridtwin {

namespace {

/// `Sun, 06 Nov 1994 08:49:37 GMT`: the one form of a date that is sent today. Seconds since the epoch.
std::optional<std::int64_t> parse_http_date(std::string_view text) {
  constexpr std::string_view form = "Sun, 06 Nov 1994 08:49:37 GMT";
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != form.size() || text.substr(3, 2) != ", " || text[7] != ' ' || text[11] != ' ' || text[16] != ' '
      || text[19] != ':' || text[22] != ':' || text.substr(25) != " GMT")
    return std::nullopt;
  const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
  if (month == months.end())
    return std::nullopt;
  const std::string number = std::to_string(month - months.begin() + 1);
  std::string instant(text.substr(12, 4));
  (instant += number.size() == 1 ? "-0" : "-") += number;
  (instant += '-') += text.substr(5, 2);
  (instant += 'T') += text.substr(17, 8);
  const auto parsed = parse_instant(instant + 'Z');
  return parsed ? std::optional(*parsed) : std::nullopt;
}

} // namespace

answer_class class_of(unsigned status) noexcept {
  if (status >= 200 && status < 300)
    return answer_class::delivered;
  if (status == 413)
    return answer_class::too_large;
  if (status == 408 || status == 429 || status < 300 || status >= 500)
    return answer_class::again;
  return answer_class::refused;
}

std::string reason_of(unsigned status) {
  if (status == 0)
    return "there was no answer";
  const std::string answered = "the receiver answered " + std::to_string(status);
  if (status >= 300 && status < 400)
    return answered + ", a redirect: it is not followed, the url of the settings is the only one";
  switch (status) {
  case 400:
    return answered + ": it takes the request for malformed";
  case 401:
    return answered + ": it does not believe who is calling, or the signature";
  case 403:
    return answered + ": it does not take this from us";
  case 404:
    return answered + ": it has nothing at this url";
  case 405:
    return answered + ": it takes no POST at this url";
  case 406:
    return answered + ": it does not take JSON";
  case 413:
    return answered + " to a single event: it takes no request as long";
  default:
    return answered;
  }
}

std::int64_t back_off(std::uint64_t attempt, std::uint64_t chance, std::optional<std::int64_t> asked_us,
                      const back_off_limits& limits) noexcept {
  std::int64_t most = limits.first_us;
  for (std::uint64_t n = 1; n < attempt && most < limits.longest_us; ++n)
    most *= 2;
  most = std::min(most, limits.longest_us);
  const auto drawn = static_cast<std::int64_t>(chance % (static_cast<std::uint64_t>(most) + 1));
  return asked_us ? std::max(drawn, std::clamp<std::int64_t>(*asked_us, 0, limits.longest_asked_us)) : drawn;
}

std::optional<std::int64_t> parse_retry_after(std::string_view text, std::int64_t now_s) {
  constexpr std::int64_t longest_s = 1'000'000'000;
  constexpr std::int64_t us = 1'000'000;
  const bool is_number = !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  if (is_number) {
    std::int64_t seconds = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    return (failed == std::errc() ? std::min(seconds, longest_s) : longest_s) * us;
  }
  const auto date = parse_http_date(text);
  return date ? std::optional(std::clamp<std::int64_t>(*date - now_s, 0, longest_s) * us) : std::nullopt;
}

} // namespace gridtwin
