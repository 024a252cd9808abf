#pragma once

#include <cstddef>
#include <cstdint>

namespace gridtwin::bounds {

// Everything that grows while a replay runs, and where it stops growing.

/// Bytes of lines that are decoded at a time.
inline constexpr std::size_t block_bytes = std::size_t{1} << 20;
/// Blocks read ahead of the sequencer: enough for every thread to have one in hand and one to come. So many decoders,
/// too: one that finds no other block in its mailbox lets what waits for its thread go before its next.
constexpr std::size_t blocks_in_flight(std::size_t threads) noexcept { return 2 * threads + 2; }

/// Readings (rejects among them) of a group: what one transaction commits. What a group costs each day of a transformer
/// that it touches, some 0.2 ms, is shared by its readings of that day.
inline constexpr std::size_t group_readings = 1024 * 1024;
/// The first groups of a run are smaller, so that a short run's commits do not wait for its end. `group`: 1, 2, ...
constexpr std::size_t readings_in_group(std::uint64_t group) noexcept {
  return group_readings >> (group < 3 ? 3 - group : 0);
}
/// Dead letters of a group; each is a batch of its own.
inline constexpr std::size_t letters_in_group = 16 * 1024;

/// Readings of a group of submissions, about: no more, so that a sender's answer does not wait for many others'.
inline constexpr std::size_t submitted_readings = 256 * 1024;

/// Groups that are being judged or committed: two, so that judging does not wait for the disk, and more where they are
/// small.
inline constexpr std::size_t groups_in_flight = 4;
constexpr bool may_go_on(std::uint64_t groups, std::size_t readings) noexcept {
  return groups < 2 || (groups < groups_in_flight && readings < group_readings);
}

/// Days of meters that all transformers hold in memory, about 130 bytes each, before those unused are released ...
inline constexpr std::int64_t open_days_floor = 20'000;
/// ... or so many for each meter and quantity of the estate, whichever is more: time order needs two.
constexpr std::int64_t open_days_limit(std::int64_t meter_quantities) noexcept {
  const std::int64_t of_estate = meter_quantities * 5 / 2;
  return of_estate > open_days_floor ? of_estate : open_days_floor;
}
/// Groups within which a day counts as being used.
inline constexpr std::uint64_t groups_of_use = 2;

/// Days of transformers that are summarised between two runs of a node while a sender waits, some tenths of a second:
/// when so many are, no more transformers are asked; the next time goes on with the rest.
constexpr std::size_t days_summarised_while_waited_for = 128;
/// Transformers that summarise their days at a time.
constexpr std::size_t summaries_in_flight(std::size_t threads) noexcept { return 2 * threads + 2; }
/// Bytes of a transformer's summary that travel at a time, about.
inline constexpr std::size_t summary_bytes_in_part = std::size_t{1} << 18;
/// Summaries that are committed together, by number and by bytes.
inline constexpr std::size_t summaries_in_commit = 512;
inline constexpr std::size_t summary_bytes_in_commit = std::size_t{4} << 20;

static_assert(groups_of_use >= 1, "a group in flight must not push out the days of the one before it");

} // namespace gridtwin::bounds
