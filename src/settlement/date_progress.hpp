#pragma once

#include "src/store/transformer_day_reader.hpp"
#include "twins/arrivals.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

/// Whose half hours are counted together.
enum class progress_group : std::uint8_t { all, supplier, gsp_group, transformer };
inline constexpr std::array<std::string_view, 4> progress_group_names{"", "supplier", "gsp_group", "transformer"};

/// How much of a settlement date a store had at a cut, in half hours of a meter and quantity.
struct date_progress {
  std::uint64_t expected = 0; ///< of every connection, in its range, and each of its quantities
  std::uint64_t received = 0; ///< of those: with a current value
  std::uint64_t actual = 0;   ///< of those: an actual
  std::uint64_t whole_date_meters_with_gaps = 0;
  std::set<std::uint64_t> other_meters_with_gaps; ///< MPANs of meters that are connected here for a part of the date
  /// What was received, by the instant at which the first reading of the half hour became known.
  arrivals known;

  std::uint64_t missing() const noexcept { return expected - received; }
  std::uint64_t meters_with_gaps() const noexcept {
    return whole_date_meters_with_gaps + other_meters_with_gaps.size();
  }
};

/// A settlement date to be measured.
struct measured_date {
  civil_date date;
  /// What was known before this instant may be put to any instant before it: it will not be asked when.
  std::int64_t exact_from_s = 0;
};

/// Measures settlement dates transformer by transformer. The days that a store has summarised are taken from their
/// summaries where all of them was known at the cut, the others from their readings.
class progress_meter {
public:
  /// `cut`: of an instant. `dates`: ascending. Error: the store could not be read.
  static result<progress_meter> open(const store_cut& cut, std::vector<measured_date> dates, progress_group by);

  /// Adds a transformer, once. Error: the store could not be read.
  result<void> add(transformer_index t);

  /// By group's name, and by date in the order in which they were given.
  using groups = std::map<std::string, std::vector<date_progress>>;
  /// What was added since it was taken last.
  groups take() { return std::exchange(groups_, {}); }

private:
  /// A UTC day of the transformer that is being added.
  struct held_day {
    struct row {
      std::uint32_t place = 0;
      gridtwin::quantity quantity = quantity::active_import;
      std::uint64_t current = 0;
      std::uint64_t actual = 0;
    };
    std::optional<utc_day> day;
    std::vector<row> rows;
    /// Where rows do not tell which of them are actuals: how many, by half hour.
    std::optional<std::array<std::uint32_t, periods_per_day>> actuals;
    known_time known;                                                   ///< of all, where `first_known` is empty
    std::vector<std::array<std::int64_t, periods_per_day>> first_known; ///< by row
  };
  struct meter {
    std::vector<date_progress>* group = nullptr;
    std::uint32_t expected = 0; ///< of the date that is being counted
    std::uint32_t received = 0;
  };

  progress_meter(const store_cut& cut, std::vector<measured_date> dates, progress_group by);

  void begin(transformer_index t);
  std::string group_of(const connection& c) const;
  result<const held_day*> hold(utc_day day);
  /// False: what is stored beside the readings does not do.
  result<bool> take_summary(held_day& out);
  result<void> take_readings(held_day& out);
  void count(std::size_t date, period_range periods, const std::array<const held_day*, 2>& days);
  void count_day(std::size_t date, period_range periods, const held_day& held);
  const connection& meter_at(std::size_t place) const noexcept {
    return cut_.estate->connections[connections_.first + place];
  }

  store_cut cut_;
  std::vector<measured_date> dates_;
  progress_group by_;
  std::map<utc_day, std::int64_t> exact_from_s_;
  std::set<std::pair<std::uint32_t, utc_day>> unfinished_;
  groups groups_;

  // Of the transformer that is being added.
  transformer_index transformer_;
  connection_range connections_;
  std::vector<meter> meters_;
  std::vector<std::uint32_t> place_of_slot_; ///< from 1
  std::vector<meter_twin> twins_;
  std::array<held_day, 2> held_;
};

} // namespace gridtwin
