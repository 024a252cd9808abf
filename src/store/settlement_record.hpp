#pragma once

#include "src/store/bytes.hpp"
#include "src/store/journal.hpp"
#include "src/store/store_folder.hpp"
#include "twins/codes.hpp"
#include "twins/estimation_settings.hpp"
#include "twins/hash.hpp"
#include "twins/mpan.hpp"
#include "twins/reading.hpp"
#include "twins/settlement_calendar.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace gridtwin {

/// What a run of settlement put where there was no actual.
struct recorded_estimate {
  gridtwin::mpan mpan;
  gridtwin::quantity quantity = quantity::active_import;
  gridtwin::period period;
  gridtwin::content content;
  estimation_method method = estimation_method::default_value;

  auto key() const noexcept { return std::tuple(mpan, quantity, period); }
  bool operator==(const recorded_estimate&) const = default;
};

/// A run of settlement as the store keeps it: with its estimates, what it settled follows from what was known at its
/// gate.
struct recorded_settlement {
  run_code run = run_code::ii;
  civil_date date;                          ///< local settlement date
  std::int64_t known_at_s = 0;              ///< its gate: what became known later did not count
  digest inputs{};                          ///< of all that it was computed from
  digest outputs{};                         ///< of the files that it wrote
  digest shapes{};                          ///< version of its load shapes
  std::vector<recorded_estimate> estimates; ///< by `key`
  /// Runs of `replay` whose readings it had before it, the first to this one. `settlement_before` tells it, for the
  /// journal has their records before the settlement's own.
  std::uint32_t last_replay = 0;
};

/// Makes the bytes that a run's estimates are kept as, not packed. They come sorted by `key`, without repeats.
class estimate_encoder {
public:
  estimate_encoder();
  void add(const recorded_estimate& e);
  const std::string& bytes() const noexcept { return bytes_; }

private:
  std::string bytes_;
  std::uint64_t meter_ = 0;
  std::int32_t period_number_ = 0;
};

std::string encode_estimates(std::span<const recorded_estimate> estimates);
/// False where the bytes are damaged.
bool decode_estimates(std::string_view bytes, std::vector<recorded_estimate>& estimates);

/// Goes through encoded estimates, one after the other, from the first or from a place where another has been.
class estimate_decoder {
public:
  /// Before an estimate; those before it count into it.
  struct place {
    std::size_t left = 0; ///< bytes
    std::uint64_t meter = 0;
    std::int64_t period_number = 0;
  };

  explicit estimate_decoder(std::string_view bytes);
  estimate_decoder(std::string_view bytes, const place& from);

  /// False: there is no more, or the bytes are damaged.
  bool next(recorded_estimate& e);
  bool damaged() const noexcept { return !in_.ok(); }
  place here() const noexcept { return {in_.left(), meter_, period_number_}; }

private:
  byte_reader in_;
  std::uint64_t meter_ = 0;
  std::int64_t period_number_ = 0;
};

/// Makes a run a record of the journal; one that is the same as it was recorded last for its date and run is recorded
/// no more. A transaction of its own, synced before it returns. `folder`: open for writing, with no other writer at
/// work. `estimates`: encoded; those of `settled` are not looked at. True: it was recorded now.
result<bool> record_settlement(const store_folder& folder, const recorded_settlement& settled,
                               std::string_view estimates);

/// What the store keeps of the run of settlement that a record of the journal tells of.
struct past_settlement {
  recorded_settlement settled; ///< without its estimates
  std::string estimates;       ///< encoded
  std::string estate_hash;     ///< `topology_change::hash` of the estate that was bound then
};
/// Error: store_failed where the record is none of a run of settlement, or is damaged.
result<past_settlement> read_past_settlement(sqlite_database& database, record_id record);

/// How far the journal was gone through for the next run of settlement.
struct settlement_search {
  std::optional<record_id> found;
  std::int64_t last_offset = 0; ///< of the estate's shard, that was passed
  bool at_end = false;          ///< nothing more is durable now
};
/// Looks through some thousand records of the estate's shard behind an offset, as far as the first run.
result<settlement_search> find_settlement(sqlite_database& database, std::int64_t after);

/// The offset of the estate's shard behind which every run stands whose gate is at an instant or later.
result<std::int64_t> settlements_before(sqlite_database& database, std::int64_t known_at_s);

/// The run of that date that was recorded last among those with the latest gate before an instant; nothing where there
/// is none.
result<std::optional<recorded_settlement>> settlement_before(sqlite_database& database, const civil_date& date,
                                                             std::int64_t known_at_s);

/// The runs of a date as they were recorded, without their estimates.
result<std::vector<recorded_settlement>> recorded_settlements(sqlite_database& database, const civil_date& date);

} // namespace gridtwin
