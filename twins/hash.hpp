#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gridtwin {

/// A SHA-256 value (FIPS 180-4). This header and `hash_stream.hpp` alone reach OpenSSL's hash.
using digest = std::array<std::uint8_t, 32>;

/// What the compression function takes at a time: here, a whole message of at most 55 bytes with its padding.
using sha256_block = std::array<std::uint8_t, 64>;
inline constexpr std::size_t longest_in_one_block = 55;

/// Of at most 55 bytes: one run of the compression function, no call to the library's buffering. Longer input is hashed
/// all the same.
digest sha256(std::span<const std::uint8_t> bytes) noexcept;
digest sha256(std::string_view bytes) noexcept;

/// Hash of an inner node of a binary tree, SHA-256(0x01 || left || right) (RFC 6962, section 2.1).
digest sha256_node(const digest& left, const digest& right) noexcept;

// -- many messages at once, in the fastest way that the machine has (`sha256_lanes.hpp`) ------------------------------

/// Puts the end mark and the length behind the first `size` bytes of a block, at most 55, and zeros between them.
void pad_block(sha256_block& block, std::size_t size) noexcept;

/// The hashes of as many messages of one padded block each as there are `blocks`; `hashes` has room for them.
void sha256_blocks(std::span<const sha256_block> blocks, std::span<digest> hashes) noexcept;

/// The nodes above neighbours: parent n has the children 2n and 2n+1. A last odd child is left out. `parents` has room
/// for them; it may be the beginning of `children`, which is overwritten then.
void sha256_nodes(std::span<const digest> children, std::span<digest> parents) noexcept;

std::string to_hex(const digest& value);

/// Its 32 bytes, as what writes bytes takes them. Valid as long as `value`.
inline std::string_view bytes_of(const digest& value) noexcept {
  return {reinterpret_cast<const char*>(value.data()), value.size()};
}

} // namespace gridtwin
