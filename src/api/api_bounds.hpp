#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace gridtwin::api_bounds {

// Everything that a client could make grow or make wait, and where it stops.

/// Bytes of a request: its first line and fields; the target alone; its body, and that of messages, which only their
/// path takes.
inline constexpr std::size_t header_bytes = std::size_t{16} << 10;
inline constexpr std::size_t target_bytes = std::size_t{8} << 10;
inline constexpr std::size_t body_bytes = std::size_t{16} << 10;
inline constexpr std::size_t most_body_bytes = 95'000;
static_assert(target_bytes < header_bytes, "there is room for the other fields");

/// Bytes that are read and passed over of a request that was refused, so that its client sees the answer.
inline constexpr std::size_t passed_over_bytes = std::size_t{1} << 20;

/// Of a target.
inline constexpr std::size_t path_segments = 8;
inline constexpr std::size_t query_parameters = 16;

/// Connections whose handshake is not done: of one address, more are closed; in all, more wait in the kernel's queue.
/// How many there may be after it is a setting (`http_budget`): beyond that new ones are told to come again, as long
/// as there are no more of those.
inline constexpr std::size_t half_open_of_address = 64;
inline constexpr std::size_t half_open = 1024;
inline constexpr std::size_t refused_at_once = 16;
/// Until more is read from one that was told that it sends too much: it may have heard that, and is to wait longer.
inline constexpr std::chrono::milliseconds limited_pause{200};

/// Until a first byte has come, and from there until TLS's handshake is done; until a first byte where there are more
/// than half of those that may be half-open: many who say nothing hold up who does for so much less.
inline constexpr std::chrono::milliseconds handshake{5'000};
inline constexpr std::chrono::milliseconds crowded_silence{1'000};

/// Until a request is whole; until the next one has come on a connection that stays;
/// until a client has taken a piece of an answer off the wire.
inline constexpr std::chrono::milliseconds request{10'000};
inline constexpr std::chrono::milliseconds idle{60'000};
inline constexpr std::chrono::milliseconds write{30'000};
/// Until it is asked again for what was not there yet.
inline constexpr std::chrono::milliseconds again{50};
/// Between signs of life on a stream that has nothing to tell.
inline constexpr std::int64_t heartbeat_us = 15'000'000;

/// Events of a page, unless told otherwise and at most, and of a piece of a stream.
inline constexpr std::size_t page_events = 1'000;
inline constexpr std::size_t most_page_events = 5'000;
inline constexpr std::size_t piece_events = 256;
/// Of events on a page or in a piece: it ends with the event that reaches it. A settled day has up to some 2,000.
inline constexpr std::size_t page_bytes = std::size_t{2} << 20;
/// Events that are looked at for one page or piece, whether or not they may be shown, and records and readings that are
/// gone through for them: the work stops behind the record with which it is reached.
inline constexpr std::size_t scanned_events = 100'000;
/// Events of half hours, and as many of gaps, that a connection to the store keeps over all shards: some 30 MB and 12
/// MB. The batch that was derived last is kept whatever it holds.
inline constexpr std::size_t kept_events = 100'000;
/// Longest wait for an event, in seconds.
inline constexpr std::int64_t longest_wait_s = 60;

/// Of an extract at a time: bytes that are made, but for the last meter's, and transformers' days that are read.
inline constexpr std::size_t extract_piece_bytes = std::size_t{64} << 10;
inline constexpr std::size_t extract_piece_days = 64;

/// Pointers of one identity, and letters of a pointer's name.
inline constexpr std::size_t pointers_of_identity = 64;
inline constexpr std::size_t pointer_name_bytes = 64;

/// Threads that move bytes, and threads that read the store. Each of the latter has a connection to it.
inline constexpr unsigned network_threads = 1;
inline constexpr unsigned store_threads = 2;

} // namespace gridtwin::api_bounds
