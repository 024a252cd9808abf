#pragma once

#include "src/ingest/source_decoder.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace gridtwin {

/// Rows of one file, and bytes of their lines, that may wait for a later row to tell which instant they mean. Beyond
/// that they are taken to ascend.
inline constexpr std::size_t held_rows_limit = 200'000;
inline constexpr std::size_t held_bytes_limit = std::size_t{64} << 20;

/// Decides which instant a local time means that occurs twice (the hour when clocks go back), and numbers the lines of
/// blocks. One per file; is given its blocks in the order of the file, by one thread at a time. All blocks of all files
/// may pass through it: where no time is twofold it costs nothing a row.
///
/// The first occurrence of a local time in a series (meter, quantity, version) is the earlier instant where the series'
/// row before it has an earlier time, the later one where it has a later time; without a row before, the first row
/// after it outside the repeated hour decides. The second occurrence is the other instant, the third that of the first.
/// Values do not matter: rows that are refused for theirs count.
class clock_change_resolver {
public:
  /// `first_line`: line of the file at which the first block starts; the header is line 1.
  explicit clock_change_resolver(std::shared_ptr<const meter_index> meters, std::uint64_t first_line = 2);
  ~clock_change_resolver();
  clock_change_resolver(const clock_change_resolver&) = delete;
  clock_change_resolver& operator=(const clock_change_resolver&) = delete;
  clock_change_resolver(clock_change_resolver&&) noexcept;
  clock_change_resolver& operator=(clock_change_resolver&&) noexcept;

  /// Appends the block's batch, with its absolute `first_line`, and batches of held rows that it decided. A batch of
  /// held rows has `lines` 0, for its lines were counted with their own block, and its text holds only those lines.
  void resolve(decoded_block&& block, std::vector<reading_batch>& out);

  /// At the end of the file: appends what is still held.
  void finish(std::vector<reading_batch>& out);

  std::size_t held_rows() const noexcept;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace gridtwin
