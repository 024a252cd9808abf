#pragma once

#include "twins/result.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gridtwin {

/// Who may vouch for whom: each plane has certificate authorities of its own, and none of them counts on another plane.
enum class trust_plane : std::uint8_t { devices, services, operators };
inline constexpr std::array all_planes{trust_plane::devices, trust_plane::services, trust_plane::operators};

/// What a peer may be; what that allows is the policy's (`access_policy.hpp`).
enum class access_role : std::uint8_t {
  head_end,         ///< of a device or gateway: brings readings
  settlement,       ///< settles every half hour
  network_operator, ///< watches feeders and transformers, never a household
  flexibility,      ///< sees households that agreed to it
  auditor,          ///< sees who did what
  operator_         ///< a person who runs the node
};
inline constexpr std::array all_roles{access_role::head_end,    access_role::settlement, access_role::network_operator,
                                      access_role::flexibility, access_role::auditor,    access_role::operator_};

/// Longest NAME of an identity.
inline constexpr std::size_t longest_identity_name = 64;

/// Who a peer is, as its certificate proves it.
struct peer_identity {
  access_role role = access_role::head_end;
  std::string name; ///< 1 to 64 of a-z, 0-9, dot and hyphen
  auto operator<=>(const peer_identity&) const = default;
};

/// `head-end`, `network-operator`, `operator`; empty for what is no role.
std::string_view name_of(access_role role) noexcept;
std::optional<access_role> parse_access_role(std::string_view text) noexcept;
/// `devices`, `services`, `operators`
std::string_view name_of(trust_plane plane) noexcept;
/// The plane whose authorities vouch for a role.
trust_plane plane_of(access_role role) noexcept;

/// `urn:gridtwin:device:NAME`, `urn:gridtwin:service:ROLE:NAME` or `urn:gridtwin:operator:NAME`, and nothing that is
/// merely like it: no blanks, no capitals, no escapes. Error: what is wrong.
result<peer_identity> parse_identity(std::string_view uri);
/// The URI that `parse_identity` reads.
std::string to_string(const peer_identity& identity);

/// The identity of a certificate by its subject alternative names: the DER of that extension's value (RFC 5280,
/// section 4.2.1.6), which counts as hostile. Exactly one URI; names of hosts and addresses may stand beside it,
/// without wildcard or zero byte, and any other kind of name is refused. A subject's common name is never looked at.
result<peer_identity> identity_of_names(std::span<const std::uint8_t> der);

} // namespace gridtwin
