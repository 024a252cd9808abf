#pragma once

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

/// Makes a run a record of the journal; one that is the same as it was recorded last for its date and run is recorded
/// no more. A transaction of its own, synced before it returns. `folder`: open for writing, with no other writer at
/// work. `estimates`: encoded; those of `settled` are not looked at. True: it was recorded now.
result<bool> record_settlement(const store_folder& folder, const recorded_settlement& settled,
                               std::string_view estimates);

/// The run of that date that was recorded last among those with the latest gate before an instant; nothing where there
/// is none.
result<std::optional<recorded_settlement>> settlement_before(sqlite_database& database, const civil_date& date,
                                                             std::int64_t known_at_s);

/// The runs of a date as they were recorded, without their estimates.
result<std::vector<recorded_settlement>> recorded_settlements(sqlite_database& database, const civil_date& date);

} // namespace gridtwin
