#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gridtwin::push_bounds {

// Everything that a receiver could make grow or make wait, and where it stops.

/// Until a receiver's addresses are connected to; until TLS's handshake is done. Those of a request are a setting.
inline constexpr std::chrono::milliseconds connect{5'000};
inline constexpr std::chrono::milliseconds handshake{5'000};
/// Addresses of a name that are tried.
inline constexpr std::size_t addresses = 8;

/// Bytes of an answer: its first line and fields; its body. A longer one is none.
inline constexpr std::size_t answer_header_bytes = std::size_t{16} << 10;
inline constexpr std::size_t answer_body_bytes = std::size_t{64} << 10;

/// A connection is used again within this, and not at all when it is this old: names and certificates change.
inline constexpr std::int64_t idle_us = 30'000'000;
inline constexpr std::int64_t oldest_us = 300'000'000;

/// Events that are looked at for one request, whether or not its reader sees them, and what is gone through for them.
inline constexpr std::size_t scanned_events = 100'000;

/// Runs that go into one request, over a backlog.
inline constexpr std::size_t windows_at_once = 64;

/// Between looks at what is new; at what an operator has said; between two notes of how far was looked at where nothing
/// is to be delivered.
inline constexpr std::int64_t look_us = 100'000;
inline constexpr std::int64_t note_us = 10'000'000;
/// Until the node's own trouble (a disk, a policy) is looked at again.
inline constexpr std::int64_t trouble_us = 5'000'000;

/// Waiting dead letters of a webhook: with so many it stands still. Those that were settled or dropped are kept so far.
inline constexpr std::int64_t letters = 1'000;
/// Requests that the journal of a webhook keeps, and acts of operators.
inline constexpr std::int64_t journal_rows = 10'000;
inline constexpr std::int64_t acts = 1'000;

/// Base64 of the PEM of the certificates that come with a signature: all fields of a request fit into 16 KiB with it.
inline constexpr std::size_t certificate_field_bytes = std::size_t{12} << 10;

} // namespace gridtwin::push_bounds
