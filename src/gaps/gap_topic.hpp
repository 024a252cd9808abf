#pragma once

#include "src/gaps/earlier_contents.hpp"
#include "src/gaps/gap_event.hpp"
#include "src/gaps/kept_presence.hpp"
#include "src/gaps/meter_directory.hpp"
#include "src/gaps/meter_rows.hpp"
#include "src/gaps/presence.hpp"
#include "src/gaps/run_order.hpp"
#include "src/half_hours/past_settings.hpp"
#include "src/store/reading_scan.hpp"
#include "src/store/sqlite.hpp"
#include "src/store/store_folder.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

/// The topic `gap`, by shard and offset, from anywhere on: for each record of readings the gaps that it closed and
/// opened. Of each record those of the events up to it that were opened and not closed are the gaps of the readings up
/// to it. A function of the journal alone. A record is given whole or not at all. Sees what is durable. One thread at a
/// time.
class gap_topic {
public:
  /// `nobody_writes`: whether it is certain that nobody writes to the store. Asked where a record has to wait for the
  /// end of its run (`run_order`).
  static result<gap_topic> over(sqlite_database& database, std::shared_ptr<past_settings> settings,
                                std::function<bool()> nobody_writes);

  struct batch {
    std::vector<gap_event> events;
    std::int64_t last_offset = 0; ///< go on behind it; also where the records that were passed hold no readings
    bool at_end = false;          ///< nothing more can be told now
    std::vector<passed_record> passed;
  };
  /// The shard's records behind an offset, until they hold about so many readings.
  result<batch> read(std::uint32_t shard, std::int64_t after, std::size_t readings);

private:
  /// Keys of units that are a meter by itself, behind those of transformers.
  static constexpr std::uint64_t moved_units = std::uint64_t{1} << 40;

  /// A reading of the record that is looked at; `row`: of its meter and quantity among those of its unit.
  struct unit_reading {
    std::uint32_t row = 0;
    transformer_number transformer;
    const meter_directory::entry* of = nullptr;
    stored_reading reading;
  };
  /// What is followed together: a transformer's meters, or a meter that was on several transformers.
  struct unit {
    std::uint64_t key = 0;
    std::vector<transformer_number> transformers;
    bool moved = false;
    std::vector<unit_reading> readings; ///< of the record; by day and row once it is worked out
  };
  struct record_readings {
    record_id record;
    std::uint32_t run = 0;
    std::map<std::uint64_t, unit> units;
  };
  /// What a record does to one unit, while it is worked out.
  struct turn {
    const record_readings* of = nullptr;
    unit* what = nullptr;
    kept_presence::place* days = nullptr;
    known_time known;
    std::map<std::uint32_t, std::vector<day_change>> changes; ///< by row; days ascend
    std::map<std::uint32_t, const unit_reading*> by;          ///< the first reading that changed something
    std::vector<std::pair<utc_day, std::pair<std::uint32_t, presence>>> results;
    std::vector<gap_event>* out = nullptr;
  };

  gap_topic(sqlite_database& database, std::shared_ptr<past_settings> settings, std::function<bool()> nobody_writes,
            reading_scan scan, earlier_contents contents)
    : database_(&database), settings_(std::move(settings)), nobody_writes_(std::move(nobody_writes)),
      scan_(std::move(scan)), contents_(std::move(contents)) {}

  result<batch> derive(std::uint32_t shard, std::int64_t after, std::size_t readings, bool& waits);
  result<void> learn_meters();
  result<void> take(const scanned_reading& r, std::vector<record_readings>& out) const;
  result<bool> must_wait(const record_readings& r);
  result<const meter_rows*> rows_of(std::uint32_t run);

  result<void> add_record(record_readings& r, kept_presence::cursor& at, std::vector<gap_event>& out);
  result<void> add_unit(turn& now);
  result<void> add_day(turn& now, utc_day day, std::span<const unit_reading> readings);
  result<void> add_events(turn& now, const unit_reading& by, std::span<const day_change> changes);
  result<std::optional<std::vector<gap>>> parts_of(const gap& g, const meter_directory::entry& of, std::uint32_t run);

  // gap_topic_past.cpp

  static presence presence_of(const meter_day& day) noexcept;
  static void put(meter_day& day, const stored_reading& r);
  /// What the unit had of a day before the record.
  result<const presence_rows*> day_before(turn& now, utc_day day);
  result<record_age> age_of(const turn& now, record_id record);
  result<void> load(turn& now, utc_day day, const std::function<void(std::uint32_t row, const stored_reading&)>& f);
  result<std::optional<period>> nearest(turn& now, std::uint32_t row, period from, bool forward);
  result<const kept_presence::edges*> edges_of(turn& now);
  result<std::vector<day_change>> days_between(turn& now, std::uint32_t row, std::span<const day_change> changes);
  std::uint32_t row_of(const turn& now, stored_place at, quantity q) const;

  sqlite_database* database_;
  std::shared_ptr<past_settings> settings_;
  std::function<bool()> nobody_writes_;
  reading_scan scan_;
  earlier_contents contents_;
  meter_directory meters_;
  std::int64_t estates_known_ = 0; ///< that had been bound when the meters were read
  std::unordered_map<std::uint32_t, std::shared_ptr<const meter_rows>> rows_by_run_;
  std::vector<std::pair<std::string, std::shared_ptr<const meter_rows>>> rows_by_estate_;
  run_order order_;
  day_steps days_;
  kept_presence kept_;
};

} // namespace gridtwin
