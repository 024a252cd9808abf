#pragma once

#include "src/half_hours/figure_day.hpp"
#include "src/half_hours/half_hour_event.hpp"
#include "src/half_hours/past_settings.hpp"
#include "src/store/reading_moves.hpp"
#include "src/store/reading_scan.hpp"
#include "src/store/sqlite.hpp"
#include "src/store/topology.hpp"

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

/// The topics `feeder.half_hour` and `transformer.half_hour`, by shard and offset, from anywhere on: for each record of
/// readings the cells that it touched, each with what was known of it then. A function of the journal alone. A record
/// is given whole or not at all. Sees what is durable. One thread at a time.
class half_hour_topic {
public:
  /// Days of transformers that are kept as of the record read last, some 40 KB each.
  static constexpr std::size_t days_kept = 512;

  static result<half_hour_topic> over(sqlite_database& database, std::shared_ptr<past_settings> settings);

  struct batch {
    std::vector<half_hour_event> feeders;
    std::vector<half_hour_event> transformers;
    std::int64_t last_offset = 0; ///< go on behind it; also where the records that were passed hold no readings
    bool at_end = false;          ///< nothing more is durable now
    std::vector<passed_record> passed;
  };
  /// The shard's records behind an offset, until they hold about so many readings. `privacy_floor`: see
  /// `figure_release`; nothing else of the events depends on it.
  result<batch> read(std::uint32_t shard, std::int64_t after, std::size_t readings, std::uint32_t privacy_floor);

private:
  /// What a record adds to one transformer.
  struct part {
    record_id record;
    std::uint32_t run = 0;
    transformer_number transformer;
    std::vector<stored_reading> readings; ///< without their lineage
  };
  /// Records in the order in which they were written, as far as one transformer's readings go: runs come one after
  /// another, and a run's readings of a transformer are in one shard.
  struct arrival {
    std::uint32_t run = 0;
    record_id record;
    bool operator<(const arrival& other) const noexcept {
      return run != other.run ? run < other.run : record.value < other.record.value;
    }
  };
  struct kept_day {
    std::int64_t key = 0;
    arrival last; ///< that is added
    figure_day figures;
  };

  half_hour_topic(sqlite_database& database, std::shared_ptr<past_settings> settings, reading_scan scan,
                  sqlite_statement records, sqlite_statement body)
    : database_(&database), settings_(std::move(settings)), scan_(std::move(scan)), records_(std::move(records)),
      body_(std::move(body)) {}

  result<batch> derive(std::uint32_t shard, std::int64_t after, std::size_t readings);
  result<void> learn_places();
  result<void> add_part(const part& p, batch& out);
  result<kept_day*> day_before(const part& p, utc_day day, const std::shared_ptr<const run_settings>& by);
  result<std::vector<arrival>> records_between(const part& p, utc_day day, arrival after);
  result<std::vector<stored_reading>> readings_of(record_id record, const part& p, utc_day day);

  sqlite_database* database_;
  std::shared_ptr<past_settings> settings_;
  reading_scan scan_;
  sqlite_statement records_; ///< that hold readings of a day
  sqlite_statement body_;    ///< of a record
  std::uint32_t privacy_floor_ = 0;
  std::int64_t estates_known_ = 0; ///< that had been bound when the two below were read
  reading_moves moves_;
  std::unordered_map<std::uint32_t, slot_feeders> slots_; ///< by the transformer's number
  std::list<kept_day> days_;                              ///< the one that was wanted last is at the end
  std::unordered_map<std::int64_t, std::list<kept_day>::iterator> day_of_key_;
};

} // namespace gridtwin
