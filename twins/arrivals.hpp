#pragma once

#include "twins/run_gates.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace gridtwin {

/// How many half hours were first known at each instant: of one settlement date, say. As many entries as there were
/// instants, which are those of the runs that received them, or the ends of half hours where none was said.
class arrivals {
public:
  void add(std::int64_t known_s, std::uint64_t half_hours);
  arrivals& operator+=(const arrivals& other);

  /// Known before an instant, and up to and including it.
  std::uint64_t before(std::int64_t instant_s) const noexcept;
  std::uint64_t until(std::int64_t instant_s) const noexcept;
  /// By `timing_of`; none where the run has no gate.
  std::uint64_t timed(submission_timing timing, const run_gates& gates, run_code run) const noexcept;

  /// By instant, ascending.
  const std::vector<std::pair<std::int64_t, std::uint64_t>>& by_instant() const noexcept { return by_instant_; }

private:
  std::vector<std::pair<std::int64_t, std::uint64_t>> by_instant_;
  std::size_t last_ = 0; ///< the entry that was added to last: mostly the next one, too
};

/// A settlement date before the one that is looked at: how much of it was known at the same age, and how much when it
/// was as old as the other will be at its gate.
struct earlier_date {
  std::uint64_t expected = 0;
  std::uint64_t known_then = 0;
  std::uint64_t known_later = 0;
};

/// Of how many earlier dates a forecast is made. Ours: two weeks, so that every weekday is in it twice.
inline constexpr std::size_t forecast_dates = 14;

/// How many half hours of a date will be known at its gate, if of those that are missing as large a share comes as came
/// of those that were missing of the earlier dates between the same two ages, all dates together; rounded
/// down. Where nothing was missing of them, nothing tells that more will come. Nothing: there is no earlier date.
std::optional<std::uint64_t> known_at_gate(std::uint64_t expected, std::uint64_t known,
                                           std::span<const earlier_date> earlier) noexcept;

} // namespace gridtwin
