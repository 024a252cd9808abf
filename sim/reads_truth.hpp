#pragma once

#include "sim/fault_plan.hpp"
#include "twins/codes.hpp"
#include "twins/estate.hpp"
#include "twins/period.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace gridtwin {

/// One row of a file of readings. 24 bytes, because a random order holds all of them.
struct simulated_row {
  /// In place of `wh`: the row says `Null`.
  static constexpr std::int64_t null_wh = std::numeric_limits<std::int64_t>::min();
  /// Set in `meter`: the rest is a position in `estate::source_names`, not an MPAN.
  static constexpr std::uint64_t by_source_name = std::uint64_t{1} << 63;

  std::uint64_t meter = 0;
  std::int64_t wh = 0;
  gridtwin::period period;
  std::uint16_t early_s = 0; ///< seconds by which its time is before the period's end: 0, or 1 to 1799 off the grid
  gridtwin::quantity quantity = gridtwin::quantity::active_import;
  std::uint8_t version = 1;
};
static_assert(sizeof(simulated_row) == 24);

/// What a file of readings holds, and what `replay --json` must say of it when it goes into an empty store.
struct reads_truth {
  /// By `index_of(fault)`: `gap` and `outage` count absent readings, `conflict` contradicted keys at version 1,
  /// `correction` cells with a version 2, `shuffled` rows that came late, the others rows.
  std::array<std::uint64_t, fault_count> injected{};

  std::uint64_t readings = 0;
  std::uint64_t accepted = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t conflicts = 0;
  std::uint64_t quarantined = 0;
  std::array<std::uint64_t, verdict_count> rejected{}; ///< by `index_of(verdict)`
  std::array<std::int64_t, quantity_count> energy_wh{};
  std::uint64_t gaps = 0;
  std::uint64_t gap_periods = 0;
  std::uint64_t meters = 0; ///< distinct MPANs of the estate
  std::uint64_t feeders = 0;
  std::uint64_t transformers = 0;
  std::uint64_t days = 0;

  std::uint8_t quantities = 0; ///< that the estate has, bits by `mask_of`

  void inject(fault f) noexcept { ++injected[index_of(f)]; }
  std::uint64_t injected_of(fault f) const noexcept { return injected[index_of(f)]; }
  std::uint64_t rejected_in_all() const noexcept;
};

/// `{"injected":{...},"expected":{...}}` and a line end. `rejected` has the codes that occur; `energy_wh` has AI and
/// AE, and reactive quantities where the estate has them.
std::string to_json(const reads_truth& truth);

/// Counts cells as they are generated. All rows of a cell's keys come with the cell, so a verdict needs no memory but
/// the last period of each meter and quantity that has a current value.
class truth_counter {
public:
  /// `days` days from `from`: the bound of its memory besides the estate's counts.
  truth_counter(utc_day from, std::int32_t days) : from_(from), seen_(static_cast<std::size_t>(days), false) {}

  reads_truth& counts() noexcept { return truth_; }

  /// A cell of one good reading. Periods of one `last_current` must ascend; it begins as 0.
  void count_good(period when, quantity what, std::int64_t wh, std::int32_t& last_current) noexcept {
    ++truth_.readings;
    ++truth_.accepted;
    truth_.energy_wh[index_of(what)] += wh;
    mark_day(when);
    mark_current(when, last_current);
  }
  /// A cell with faults. `regular` are its rows with a time on the grid and a known meter.
  void count_cell(period when, std::span<const simulated_row> regular, std::int32_t& last_current) noexcept;
  void count_off_grid() noexcept;
  void count_unknown_meter() noexcept;

  /// What was counted, the days included.
  reads_truth finish() noexcept;

private:
  enum class standing : std::uint8_t { absent, accepted, contradicted };
  standing count_version(std::span<const simulated_row> rows, std::uint8_t version) noexcept;

  void mark_day(period when) noexcept { seen_[static_cast<std::size_t>(when.day().number - from_.number)] = true; }
  void mark_current(period when, std::int32_t& last_current) noexcept {
    if (last_current != 0 && when.number - last_current > 1) {
      ++truth_.gaps;
      truth_.gap_periods += static_cast<std::uint64_t>(when.number - last_current - 1);
    }
    last_current = when.number;
  }

  reads_truth truth_;
  utc_day from_;
  std::vector<bool> seen_;
};

} // namespace gridtwin
