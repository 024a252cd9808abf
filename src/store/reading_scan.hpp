#pragma once

#include "src/store/commit.hpp"
#include "src/store/day_codec.hpp"
#include "src/store/journal.hpp"
#include "src/store/sqlite.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace gridtwin {

/// A reading of the journal, by numbers: no name is looked up.
struct scanned_reading {
  record_id record;
  std::uint32_t place = 0; ///< within the record, from 0
  std::uint32_t run = 0;   ///< that wrote it
  transformer_number transformer;
  const stored_reading& reading;
};

/// A record that was gone through.
struct passed_record {
  std::int64_t offset = 0;
  std::uint32_t readings = 0; ///< that it holds
};

/// What to say of a record that cannot be read.
error damaged(record_id record);

/// The journal's readings by shard and offset, from anywhere on. A record is given whole or not at all. Sees what is
/// durable. One thread at a time.
class reading_scan {
public:
  static result<reading_scan> over(sqlite_database& database);

  struct progress {
    std::int64_t last_offset = 0; ///< go on behind it; also where the records that were passed hold no readings
    bool at_end = false;          ///< nothing more is durable now
    std::vector<passed_record> passed;
  };
  /// The shard's records behind an offset, until they hold about so many readings. Error: the first of `f`, too; then
  /// nothing more was given.
  result<progress> read(std::uint32_t shard, std::int64_t after, std::size_t readings,
                        const std::function<result<void>(const scanned_reading&)>& f);

private:
  reading_scan(sqlite_database& database, sqlite_statement records)
    : database_(&database), records_(std::move(records)) {}

  sqlite_database* database_;
  sqlite_statement records_;
  std::vector<stored_reading> section_;
};

} // namespace gridtwin
