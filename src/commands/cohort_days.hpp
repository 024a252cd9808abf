#pragma once

#include "src/commands/store_view.hpp"
#include "twins/cohort_checks.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace gridtwin {

/// The first and the last half hour of which any meter of an estate has a reading that counts.
struct reported_span {
  period first;
  period last;
};

/// What half hours a cohort can be held to: before the first and after the last reading of all, nothing is missing.
/// Nothing where there is no reading. Reads the first and last days alone, or as many as an instant looked back to
/// leaves out.
result<std::optional<reported_span>> span_of_readings(store_view& view);

/// Half hours of a day within a span, as bits.
std::uint64_t half_hours_within(const reported_span& span, utc_day day) noexcept;

/// The meters of a transformer's feeders as cohorts, a day at a time: energised meters that measure active import.
class cohort_days {
public:
  cohort_days(store_view& view, transformer_index t);

  /// Replaces the day that is held; days that follow each other are read once.
  result<void> load(utc_day day);

  /// Nothing was read of a day, nor of the day before: no meter can stand out.
  bool silent(utc_day day) const { return !has(day) && !has({day.number - 1}); }
  /// That, of two days, while the same meters were expected: what is found of them is the same.
  bool as_silent_as_before(utc_day day) const;

  std::size_t feeders() const noexcept { return first_member_.size() - 1; }
  /// The meters that the transformer's feeder at a place has or had on the day that is held or the day before, in order
  /// of their MPANs.
  std::vector<const cohort_member*> feeder(std::size_t place) const;

private:
  bool has(utc_day day) const;
  void turn_to_yesterday();
  result<void> read(utc_day day);
  void take_row(std::size_t place, utc_day day);

  static constexpr std::uint32_t nobody = ~std::uint32_t{0};

  store_view* view_;
  transformer_index transformer_;
  transformer_day_reader reader_;
  std::vector<cohort_member> members_;
  std::vector<std::size_t> first_member_;   ///< by feeder, and one behind the last
  std::vector<std::uint32_t> member_of_;    ///< by place of the transformer's connections
  std::vector<std::uint64_t> revisions_[2]; ///< by member: accepted versions of the day before and of the day
  std::vector<utc_day> changes_;            ///< days on which a row of the estate begins or ends, sorted
  std::optional<utc_day> held_;
};

} // namespace gridtwin
