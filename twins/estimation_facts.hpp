#pragma once

#include "twins/load_shape.hpp"
#include "twins/period.hpp"
#include "twins/settlement_inputs.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace gridtwin {

/// What is known of one meter and quantity when it is estimated, all of it as of one instant: two questions that are
/// the same get the same answer. Whoever answers decides what was known then; at a half hour the meter is what it is at
/// its connection point of that half hour, whichever that is.
class estimation_facts {
public:
  virtual ~estimation_facts() = default;

  /// The current value, if it is an actual: Wh, 0 or more.
  virtual std::optional<std::int64_t> actual_at(period p) const = 0;
  /// The current value, if it is an estimate that was received and is settled as it stands: Wh, 0 or more.
  virtual std::optional<std::int64_t> received_estimate_at(period p) const = 0;
  /// Whether something was received for the half hour that does not stand: rejected, or contradicting itself.
  virtual bool refused_at(period p) const = 0;
  /// False where the meter is de-energised, or at no connection point.
  virtual bool energised_at(period p) const = 0;

  /// The published value of the load shape of the meter's category.
  virtual shape_value shape_at(period p) const = 0;
  /// Totals of that shape up to a day (`annual_totals`, `seven_day_totals`).
  virtual shape_totals annual_shape_totals(utc_day last) const = 0;
  virtual shape_totals seven_day_shape_totals(utc_day last) const = 0;
  /// Which shapes these are, as the lineage of an estimate names them: no blanks.
  virtual std::string_view shape_version() const = 0;

  /// By instant. Valid while the facts are.
  virtual std::span<const register_read> register_reads() const = 0;
  /// By first date. Valid while the facts are.
  virtual std::span<const annual_figure> annual_figures() const = 0;
  /// Such a day is like a Sunday.
  virtual bool is_holiday(const civil_date& local_date) const = 0;
};

} // namespace gridtwin
