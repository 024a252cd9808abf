#pragma once

#include "src/messages/if021_message.hpp"

#include <cstddef>
#include <cstdint>

namespace gridtwin::channel_bounds {

// Everything that a request could make grow, and where it stops.

/// Bytes of a body, for what the platform has refused nobody should get used to.
inline constexpr std::size_t body_bytes = request_bytes_limit;
/// Messages of a request: none is as short as 500 bytes, so a body of that size has no more.
inline constexpr std::size_t messages = body_bytes / 500;
/// Faults that are told of a message, and half hours that are named among those that were not accepted.
inline constexpr std::size_t told_faults = 5;
inline constexpr std::size_t told_half_hours = 48;

/// Texts of the signature's fields: date; hash of the body; signature (RSA of 8192 bits); certificates, as
/// base64 of PEM. All fields of a request must fit into 16 KiB beside them.
inline constexpr std::size_t date_bytes = 40;
inline constexpr std::size_t hash_bytes = 44;
inline constexpr std::size_t signature_bytes = 1368;
inline constexpr std::size_t certificate_bytes = 12 * 1024;

/// How old, or how far ahead, a signature may be: a setting, for no value is published.
inline constexpr std::int64_t least_window_s = 1;
inline constexpr std::int64_t most_window_s = 86'400;

/// What a sender is told to wait where the node takes nothing more.
inline constexpr int retry_after_s = 1;

} // namespace gridtwin::channel_bounds
