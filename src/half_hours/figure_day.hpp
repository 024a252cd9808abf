#pragma once

#include "src/half_hours/figure_release.hpp"
#include "src/half_hours/half_hour_event.hpp"
#include "src/half_hours/past_settings.hpp"
#include "src/store/day_codec.hpp"
#include "src/store/feeder_guard.hpp"
#include "twins/meter_twin.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gridtwin {

/// A day of a transformer as it was known once some records of the journal were added, by one estate and one rule pack.
/// Pure.
class figure_day {
public:
  /// `privacy_floor`: see `figure_release`.
  figure_day(std::shared_ptr<const run_settings> by, transformer_index t, utc_day day, std::uint32_t privacy_floor);

  /// Adds what a record has of the day. `feeder_of`: id, by the slot of the twin. `went_by`: the record's run went by
  /// the same estate and rules. Error: store_failed where the estate has no such feeder.
  result<void> add(std::span<const stored_reading> readings, std::span<const std::string> feeder_of, bool went_by);

  /// What the record added last has touched, without what is known of the record: in order of time, and of feeders in
  /// the order of their names.
  std::vector<half_hour_event> feeders() const;
  std::vector<half_hour_event> transformer() const;

  const run_settings& by() const noexcept { return *by_; }

private:
  /// What a meter gives to a half hour.
  struct contribution {
    half_hour_load load;
    std::optional<std::int64_t> import_wh;
    std::optional<std::int64_t> export_wh;
  };
  /// Meters with a current value, by half hour.
  using meter_counts = std::array<std::uint32_t, periods_per_day>;
  struct feeder_figures {
    day_load load{};
    meter_counts importing{};
    meter_counts exporting{};
  };
  /// A half hour that the record added last has touched.
  struct touched {
    int slot = 0;
    std::vector<std::size_t> feeders; ///< places, ascending
    figure_release::outcome imported;
    figure_release::outcome exported;
  };

  result<std::uint32_t> place_of(const stored_reading& r, std::span<const std::string> feeder_of);
  contribution contribution_of(std::uint32_t twin, int slot) const;
  bool is_quarantined(std::size_t feeder, int slot) const noexcept;
  std::size_t group_of(std::size_t feeder, int slot) const noexcept;
  void release(touched& t, const std::vector<std::pair<std::uint32_t, contribution>>& before, bool went_by);
  half_hour_event event_of(int slot) const;

  std::shared_ptr<const run_settings> by_;
  transformer_index transformer_;
  utc_day day_;
  std::uint32_t floor_;
  feeder_guard guard_;
  std::unordered_map<std::uint32_t, std::uint32_t> twin_of_slot_;
  std::vector<meter_twin> twins_;
  std::vector<std::uint32_t> feeder_of_twin_;                                       ///< places
  std::vector<feeder_figures> feeders_;                                             ///< by place
  std::array<std::pair<figure_release, figure_release>, periods_per_day> releases_; ///< of import and export
  std::vector<touched> touched_;
};

} // namespace gridtwin
