#include "src/push/webhook_url.hpp"

#include "config/printable_text.hpp"
#include "src/push/address_rules.hpp"

#include <algorithm>
#include <charconv>

namespace gridtwin {

namespace {

bool is_host_letter(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

bool is_number_like(std::string_view host) noexcept {
  // `127.1` and `0x7f.1` are addresses to some resolvers and names to no registry.
  const std::size_t last = host.rfind('.');
  const std::string_view label = last == std::string_view::npos ? host : host.substr(last + 1);
  return label.empty() || (label.front() >= '0' && label.front() <= '9');
}

} // namespace

result<webhook_url> parse_webhook_url(std::string_view text) {
  const auto refused = [&](std::string_view why) {
    return error{errc::usage, in_quotes(text, 200) + " " + std::string(why)};
  };
  constexpr std::string_view scheme = "https://";
  if (!text.starts_with(scheme))
    return refused("must begin with https://");
  if (text.size() > longest_webhook_url)
    return refused("is longer than " + std::to_string(longest_webhook_url) + " letters");
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c > '~' || c == '"' || c == '\\'; }))
    return refused("has a blank or a letter that no address has: write it with %..");
  if (text.find('#') != std::string_view::npos)
    return refused("has a # that would not be sent");
  webhook_url out;
  out.text = text;
  const std::string_view rest = text.substr(scheme.size());
  const std::size_t path = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view authority = rest.substr(0, path);
  out.target = rest.substr(path);
  if (out.target.empty() || out.target.front() == '?')
    out.target.insert(0, "/");
  if (authority.find('@') != std::string_view::npos)
    return refused("must not name a user: the certificate says who is calling");
  out.authority = authority;
  std::string_view port;
  bool good = false;
  if (authority.starts_with('[')) {
    const std::size_t end = std::min(authority.find(']'), authority.size());
    out.host = authority.substr(1, end - 1);
    port = authority.substr(std::min(end + 1, authority.size()));
    good =
      end != authority.size() && parse_host_address(out.host).has_value() && out.host.find(':') != std::string::npos;
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    out.host = authority.substr(0, colon);
    port = authority.substr(colon);
    good = !out.host.empty() && std::all_of(out.host.begin(), out.host.end(), is_host_letter)
           && (!is_number_like(out.host) || parse_host_address(out.host));
  }
  if (!good)
    return refused("must name a host or an address: https://receiver.example/path");
  if (port.empty())
    return out;
  const std::string_view digits = port.substr(1);
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (port.front() != ':' || failed != std::errc() || end != digits.data() + digits.size() || out.port == 0)
    return refused("has a port that is none: 1 to 65535");
  return out;
}

} // namespace gridtwin
