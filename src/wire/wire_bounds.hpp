#pragma once

#include <cstddef>
#include <cstdint>

namespace gridtwin::wire_bounds {

// Everything that a peer could make grow, and where it stops growing.

/// Version of the protocol that this program speaks.
inline constexpr std::uint32_t protocol_version = 1;

/// A frame's length and kind.
inline constexpr std::size_t frame_header_bytes = 5;
/// Longest body; and before the peer has said hello.
inline constexpr std::size_t frame_bytes = std::size_t{1} << 20;
inline constexpr std::size_t early_frame_bytes = std::size_t{16} << 10;
static_assert(early_frame_bytes < frame_bytes);

/// Readings of a batch: their answers must fit in a frame even where no two are alike.
inline constexpr std::size_t batch_readings = std::size_t{32} << 10;
/// Bytes that an answer's run takes at most: its count, outcome, code, shard and offset as varints.
inline constexpr std::size_t answer_run_bytes = 3 + 1 + 1 + 5 + 10;
static_assert(batch_readings * answer_run_bytes + 64 <= frame_bytes);

/// Readings of the batches that our own sender makes, and bytes that one takes at most: a run of its own, with an
/// exception. Twice as many fit.
inline constexpr std::size_t sent_batch_readings = std::size_t{16} << 10;
inline constexpr std::size_t sent_reading_bytes = 64;
static_assert(sent_batch_readings * sent_reading_bytes <= frame_bytes && sent_batch_readings <= batch_readings);

/// Batches of a session that may be unanswered, and bytes of their bodies.
inline constexpr std::uint32_t credit_batches = 16;
inline constexpr std::size_t credit_bytes = std::size_t{8} << 20;
static_assert(credit_bytes >= 2 * frame_bytes, "one batch is sent while another is judged");

/// Texts for a person.
inline constexpr std::size_t software_bytes = 64;
inline constexpr std::size_t detail_bytes = 256;

} // namespace gridtwin::wire_bounds
