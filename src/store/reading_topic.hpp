#pragma once

#include "src/store/reading_scan.hpp"
#include "src/store/topology.hpp"
#include "twins/hash.hpp"
#include "twins/reading.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

/// A reading as the log has it: what was added to the set, when it was.
struct reading_event {
  record_id record;        ///< shard and offset
  std::uint32_t place = 0; ///< within the record, from 0
  std::string transformer; ///< under which it was judged
  gridtwin::mpan meter;
  gridtwin::reading reading;
  std::string source;     ///< file or sender
  std::uint64_t line = 0; ///< of it
  std::int64_t known_at_s = 0;
};

/// SHA-256 of what was said, and of nothing else: kind, meter, quantity, half hour, version and content. The same event
/// has the same id wherever and whenever it is read.
digest id_of(const reading_event& event) noexcept;

/// The topic `reading`: the journal itself, by shard and offset, from anywhere on. A record is given whole or not at
/// all, so that a reader that keeps the offset of the last one never skips or repeats. Sees what is durable. One thread
/// at a time.
class reading_topic {
public:
  static result<reading_topic> over(sqlite_database& database);

  struct batch {
    std::vector<reading_event> events;
    std::int64_t last_offset = 0; ///< go on behind it; also where the records that were passed hold no readings
    bool at_end = false;          ///< nothing more is durable now
  };
  /// The shard's records behind an offset, until they hold about so many readings.
  result<batch> read(std::uint32_t shard, std::int64_t after, std::size_t readings);

private:
  reading_topic(sqlite_database& database, reading_scan scan) : database_(&database), scan_(std::move(scan)) {}

  bool knows(const scanned_reading& r) const;
  result<void> add_event(const scanned_reading& r, std::vector<reading_event>& out);
  /// Reads again what runs, sources and slots there are: others may have come.
  result<void> learn_names();

  sqlite_database* database_;
  reading_scan scan_;
  std::unordered_map<std::uint32_t, named_slots> slots_;   ///< by the transformer's number
  std::unordered_map<std::uint32_t, std::string> sources_; ///< by number
  std::unordered_map<std::uint32_t, known_time> known_by_run_;
};

} // namespace gridtwin
