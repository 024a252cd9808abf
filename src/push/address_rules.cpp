#include "src/push/address_rules.hpp"

#include "config/printable_text.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include <arpa/inet.h>

namespace gridtwin {

namespace {

/// Where an IPv4 address stands within IPv6: `::ffff:0:0/96`.
constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

struct special_v4 {
  std::array<std::uint8_t, 4> base;
  unsigned bits;
};
constexpr std::array inside_v4{
  special_v4{{0, 0, 0, 0}, 8},       // this host, on this network
  special_v4{{10, 0, 0, 0}, 8},      // private
  special_v4{{100, 64, 0, 0}, 10},   // of a carrier's inside
  special_v4{{127, 0, 0, 0}, 8},     // this host
  special_v4{{169, 254, 0, 0}, 16},  // of a link; clouds answer here with keys
  special_v4{{172, 16, 0, 0}, 12},   // private
  special_v4{{192, 0, 0, 0}, 24},    // of protocols
  special_v4{{192, 0, 2, 0}, 24},    // documentation
  special_v4{{192, 88, 99, 0}, 24},  // relays of 6to4
  special_v4{{192, 168, 0, 0}, 16},  // private
  special_v4{{198, 18, 0, 0}, 15},   // benchmarks
  special_v4{{198, 51, 100, 0}, 24}, // documentation
  special_v4{{203, 0, 113, 0}, 24},  // documentation
  special_v4{{224, 0, 0, 0}, 4},     // many at once
  special_v4{{240, 0, 0, 0}, 4},     // reserved; everybody
};

bool same_bits(const host_address& a, const std::uint8_t* b, unsigned bits) noexcept {
  for (unsigned i = 0; i < bits / 8; ++i)
    if (a.bytes[i] != b[i])
      return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((a.bytes[bits / 8] ^ b[bits / 8]) >> (8 - rest)) == 0;
}

bool starts_with(const host_address& a, std::initializer_list<std::uint8_t> bytes, unsigned bits) noexcept {
  return same_bits(a, bytes.begin(), bits);
}

} // namespace

host_address host_address::v4(const std::array<std::uint8_t, 4>& bytes) noexcept {
  host_address out;
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  out.size = bytes.size();
  return out;
}

host_address host_address::v6(const std::array<std::uint8_t, 16>& bytes) noexcept {
  if (std::equal(mapped.begin(), mapped.end(), bytes.begin()))
    return v4({bytes[12], bytes[13], bytes[14], bytes[15]});
  return {bytes, bytes.size()};
}

std::optional<host_address> parse_host_address(std::string_view text) {
  const std::string copy(text);
  if (std::array<std::uint8_t, 4> v4{}; ::inet_pton(AF_INET, copy.c_str(), v4.data()) == 1)
    return host_address::v4(v4);
  if (std::array<std::uint8_t, 16> v6{}; ::inet_pton(AF_INET6, copy.c_str(), v6.data()) == 1)
    return host_address::v6(v6);
  return std::nullopt;
}

bool host_network::holds(const host_address& address) const noexcept {
  return address.size == base.size && same_bits(address, base.bytes.data(), bits);
}

result<host_network> parse_host_network(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto base = parse_host_address(text.substr(0, slash));
  if (!base)
    return error{errc::usage, in_quotes(text) + " is no address or network: write 10.1.2.3, 10.0.0.0/8 or fd00::/8"};
  host_network out{*base, static_cast<unsigned>(base->size * 8)};
  if (slash == text.size())
    return out;
  const std::string_view digits = text.substr(slash + 1);
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), out.bits);
  if (failed != std::errc() || end != digits.data() + digits.size() || out.bits > base->size * 8)
    return error{errc::usage,
                 in_quotes(text) + " must end in /0 to /" + std::to_string(base->size * 8) + ", or in its address"};
  host_address first;
  first.size = base->size;
  for (unsigned bit = 0; bit < out.bits; ++bit)
    first.bytes[bit / 8] =
      static_cast<std::uint8_t>(first.bytes[bit / 8] | (base->bytes[bit / 8] & (0x80U >> bit % 8)));
  if (first != *base)
    return error{errc::usage, in_quotes(text) + " has bits behind its prefix: is an address or a network meant?"};
  return out;
}

bool is_public(const host_address& address) noexcept {
  if (address.size == 4)
    return std::none_of(inside_v4.begin(), inside_v4.end(),
                        [&](const special_v4& one) { return same_bits(address, one.base.data(), one.bits); });
  // Of IPv6 one eighth is given out; what is translated or tunnelled to an IPv4 address is not looked into.
  return starts_with(address, {0x20}, 3) && !starts_with(address, {0x20, 0x01, 0x00}, 23)
         && !starts_with(address, {0x20, 0x01, 0x0d, 0xb8}, 32) && !starts_with(address, {0x20, 0x02}, 16)
         && !starts_with(address, {0x3f, 0xff, 0x00}, 20);
}

bool address_rules::allows(const host_address& address) const noexcept {
  return is_public(address)
         || std::any_of(allowed_.begin(), allowed_.end(), [&](const host_network& one) { return one.holds(address); });
}

} // namespace gridtwin
