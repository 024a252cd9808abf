#pragma once

#include "src/bench/held_back.hpp"
#include "twins/estimation_facts.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace gridtwin {

/// How often the registers of a trial are read: on the first of each month, on Mondays, each day; at local midnight.
enum class read_rhythm : std::uint8_t { monthly, weekly, daily };
inline constexpr std::size_t read_rhythm_count = 3;
inline constexpr std::array<read_rhythm, read_rhythm_count> read_rhythms{read_rhythm::monthly, read_rhythm::weekly,
                                                                         read_rhythm::daily};

/// A load shape as it is without what is held back: the mean of the category's actuals, the estimated meter among them.
struct trial_shape {
  std::vector<shape_value> values; ///< by half hour of the table
  daily_shape_totals days;
  shape_totals annual; ///< of the last 365 days of the table
};

/// The shapes of every category of the table.
using trial_shapes = std::map<shape_category, trial_shape>;

/// The table's rows without what is held back.
half_hour_table without(const half_hour_table& table, std::span<const held_half_hour> held);
trial_shapes shapes_of(const half_hour_table& rest, std::uint32_t fewest_actuals, off_peak_window off_peak);

/// Annual figures of a meter, from what is left of its year. The supplier's is its consumption of the whole table,
/// brought to a year over the shape, rounded to 100 kWh: it is known from the first date on, with hindsight. That of
/// central settlement is of the first of each month, from the actuals before it alone, once they are four weeks.
std::vector<annual_figure> trial_annual_figures(const half_hour_table& rest, std::size_t row, const trial_shape& shape,
                                                int supplier_annual_days);
/// Reads of a register that counted every actual, what is held back among them, and stood still where there is none.
std::vector<register_read> trial_reads(const half_hour_table& table, std::size_t row, read_rhythm rhythm);

/// What is known of a meter of a trial. What is held back is missing; a half hour that the table has no actual of is
/// without supply, for nobody knows what was used in it.
class trial_facts final : public estimation_facts {
public:
  /// All of them outlive it. `holidays` ascending.
  trial_facts(const half_hour_table& table, const half_hour_table& rest, std::size_t row, const trial_shape& shape,
              std::span<const civil_date> holidays)
    : table_(&table), rest_(&rest), row_(row), shape_(&shape), holidays_(holidays) {}

  void reads(std::span<const register_read> reads) noexcept { reads_ = reads; }
  void figures(std::span<const annual_figure> figures) noexcept { figures_ = figures; }

  std::optional<std::int64_t> actual_at(period p) const override;
  std::optional<std::int64_t> received_estimate_at(period) const override { return std::nullopt; }
  bool refused_at(period) const override { return false; }
  bool energised_at(period p) const override;
  shape_value shape_at(period p) const override;
  shape_totals annual_shape_totals(utc_day) const override { return shape_->annual; }
  shape_totals seven_day_shape_totals(utc_day last) const override { return seven_day_totals(shape_->days, last); }
  std::string_view shape_version() const override { return "trial"; }
  std::span<const register_read> register_reads() const override { return reads_; }
  std::span<const annual_figure> annual_figures() const override { return figures_; }
  bool is_holiday(const civil_date& local_date) const override;

private:
  const half_hour_table* table_;
  const half_hour_table* rest_;
  std::size_t row_;
  const trial_shape* shape_;
  std::span<const civil_date> holidays_;
  std::span<const register_read> reads_;
  std::span<const annual_figure> figures_;
};

} // namespace gridtwin
