#pragma once

#include "src/store/journal.hpp"
#include "src/store/sqlite.hpp"
#include "twins/period.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>

namespace gridtwin {

/// How a store stands, for an operator: nothing of it reads more than heads and counts.
struct store_figures {
  std::array<std::int64_t, shard_count> ends{}; ///< offset of each shard's last record; 0: none
  std::uint64_t runs = 0;
  std::uint64_t transformers = 0; ///< that the store gave a number, over all its estates
  std::optional<utc_day> first_day;
  std::optional<utc_day> last_day;
  /// The latest that readings were received, as nodes and `--received-at` say; nothing where nobody said.
  std::optional<std::int64_t> last_received_s;
  std::uint64_t days_to_summarise = 0; ///< of transformers; readers compute what these lack
  std::uint64_t letters_waiting = 0;
  std::uint64_t twins_parked = 0;
  std::uint64_t acts = 0; ///< events of audit

  std::uint64_t records() const noexcept;
};

/// As of one moment. Error: store_failed.
result<store_figures> read_figures(sqlite_database& database);

/// Bytes that a store takes on its disk: its files and what programs keep beside them.
struct store_sizes {
  std::uint64_t database = 0;
  std::uint64_t log = 0; ///< write-ahead, not yet folded into the database
  std::uint64_t others = 0;
};
store_sizes sizes_of(const std::filesystem::path& folder);

/// Who holds a store to write to it. Asked of the system, so that asking never keeps a writer out.
struct store_writer_process {
  std::int64_t pid = 0; ///< 0: one that is not seen from here, as of another container
};
/// Also where the system does not tell whether there is one.
std::optional<store_writer_process> find_writer(const std::filesystem::path& folder);
/// Whether it is certain that nobody does.
bool is_surely_unwritten(const std::filesystem::path& folder);

} // namespace gridtwin
