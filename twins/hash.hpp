#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gridtwin {

/// A SHA-256 value (FIPS 180-4). The only header through which the project reaches OpenSSL's hash.
using digest = std::array<std::uint8_t, 32>;

/// Of at most 55 bytes: one run of the compression function, no call to the library's buffering. Longer input is hashed
/// all the same.
digest sha256(std::span<const std::uint8_t> bytes) noexcept;
digest sha256(std::string_view bytes) noexcept;

/// Hash of an inner node of a binary tree, SHA-256(0x01 || left || right) (RFC 6962, section 2.1).
digest sha256_node(const digest& left, const digest& right) noexcept;

std::string to_hex(const digest& value);

} // namespace gridtwin
