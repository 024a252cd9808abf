#pragma once

#include "src/gate/submission.hpp"
#include "twins/period.hpp"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// What is due together, a message: 48 half hours of a meter's day in UTC, or one half hour of one meter.
enum class load_form : std::uint8_t { day, half_hour };

/// The readings of a load and when each is due: functions of their numbers from 0, so that none is kept. Meter by meter
/// within a day, or within a half hour; imports of active energy. The same seed gives the same readings.
class load_plan {
public:
  /// `meters`: at least one, each once. `messages_per_s` above 0, `messages` in all.
  load_plan(std::vector<mpan> meters, utc_day first, load_form form, std::uint64_t seed, double messages_per_s,
            std::uint64_t messages);

  std::uint64_t readings() const noexcept { return messages_ * readings_a_message(); }
  std::uint32_t readings_a_message() const noexcept;

  submitted_reading reading(std::uint64_t number) const noexcept;
  /// Nothing for what is none of these readings.
  std::optional<std::uint64_t> number_of(mpan meter, period at) const;

  /// Microseconds from the load's beginning.
  std::int64_t due_us(std::uint64_t number) const noexcept;
  /// Readings that are due by then: those before this number.
  std::uint64_t due_by(std::int64_t since_us) const noexcept;

private:
  std::vector<mpan> meters_;
  std::unordered_map<std::uint64_t, std::uint32_t> places_; ///< in `meters_`, by MPAN
  utc_day first_;
  load_form form_;
  std::uint64_t seed_;
  double messages_per_us_;
  std::uint64_t messages_;
};

} // namespace gridtwin
