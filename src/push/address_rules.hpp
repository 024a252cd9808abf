#pragma once

#include "twins/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace gridtwin {

/// An address of a host: 4 bytes or 16, as they go over the wire. An IPv4 address within IPv6 (`::ffff:10.0.0.1`) is
/// the IPv4 address that it stands for.
struct host_address {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t size = 0; ///< 4 or 16
  bool operator==(const host_address&) const = default;

  static host_address v4(const std::array<std::uint8_t, 4>& bytes) noexcept;
  static host_address v6(const std::array<std::uint8_t, 16>& bytes) noexcept;
};

/// An address as a person writes it, without brackets, port or scope; nothing for any other text.
std::optional<host_address> parse_host_address(std::string_view text);

/// Addresses of which the first bits are the same.
struct host_network {
  host_address base;
  unsigned bits = 0;

  bool holds(const host_address& address) const noexcept;
};

/// `10.0.0.0/8`, `fd00::/8`, or an address alone. Error: usage where it is none, or has bits behind the prefix.
result<host_network> parse_host_network(std::string_view text);

/// Whether an address is one of the public Internet: none of this host, of a private network, of a link, of a
/// carrier's inside, of documentation, a benchmark, a translation or many at once (IANA's special-purpose registries,
/// RFC 6890).
bool is_public(const host_address& address) noexcept;

/// Where webhooks may be: public addresses, and what the settings list beside them.
class address_rules {
public:
  explicit address_rules(std::vector<host_network> allowed = {}) : allowed_(std::move(allowed)) {}

  bool allows(const host_address& address) const noexcept;

private:
  std::vector<host_network> allowed_;
};

} // namespace gridtwin
