#pragma once

#include "src/store/journal.hpp"
#include "src/store/sqlite.hpp"
#include "twins/result.hpp"

#include <array>
#include <cstdint>

namespace gridtwin {

/// Of each shard the offset of its last record; 0 where it has none.
using shard_offsets = std::array<std::int64_t, shard_count>;
result<shard_offsets> last_offsets(sqlite_database& database);

/// Of each shard the last offset before the readings of the first run of which a reading became known at an instant
/// (seconds since the epoch) or later: whoever reads behind them misses none of those, and may meet some that were
/// known earlier.
result<shard_offsets> offsets_before(sqlite_database& database, std::int64_t known_s);

/// The same before the readings of run `run`, or of the first one after it that has any.
result<shard_offsets> offsets_before_run(sqlite_database& database, std::uint64_t run);

/// The same of one shard.
result<std::int64_t> offset_before_run(sqlite_database& database, std::uint32_t shard, std::uint64_t run);

/// Number of the newest run; 0: there was none.
result<std::uint64_t> newest_run(sqlite_database& database);

} // namespace gridtwin
