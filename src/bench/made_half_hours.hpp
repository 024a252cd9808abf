#pragma once

#include "actors/reading_group.hpp"
#include "actors/run_context.hpp"
#include "twins/reading.hpp"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace gridtwin {

/// Readings and watt-hours: what was sent, or what came of it.
struct reading_tally {
  std::uint64_t readings = 0;
  std::int64_t wh = 0;
  bool operator==(const reading_tally&) const = default;
};

/// Half hours for an estate, one a round for each quantity of each meter, as a decoder would hand them over.
class made_half_hours {
public:
  /// `exports`: every meter gives what it exports, too.
  made_half_hours(std::shared_ptr<const run_context> run, bool exports);

  std::uint32_t transformers() const noexcept { return static_cast<std::uint32_t>(first_meter_.size() - 1); }
  /// Their meters: `first_meter(t)` up to `first_meter(t + 1)`.
  std::uint32_t first_meter(std::uint32_t transformer) const noexcept { return first_meter_[transformer]; }
  /// How many transformers have about that many readings.
  std::uint32_t transformers_of(std::uint32_t readings) const noexcept;
  const std::vector<quantity>& quantities() const noexcept { return quantities_; }

  gridtwin::period period() const noexcept;
  /// Whether the round is a day's first, and not the very first.
  bool day_begins() const noexcept;
  /// Some plausible watt-hours, different from meter to meter and round to round.
  std::int64_t value_of(std::uint32_t meter, quantity q) const noexcept;
  /// The round's readings of transformers `first` up to `end`.
  std::shared_ptr<reading_group> group(std::uint32_t first, std::uint32_t end);
  std::uint64_t groups() const noexcept { return groups_; }
  void count(std::int64_t wh) noexcept {
    ++made_.readings;
    made_.wh += wh;
  }

  /// What was made since it was asked last; the next round begins.
  reading_tally end_round() noexcept {
    ++round_;
    return std::exchange(made_, {});
  }

private:
  std::vector<quantity> quantities_;
  std::vector<std::uint32_t> first_meter_; ///< by transformer, and one behind the last
  std::int32_t round_ = 0;
  std::uint64_t groups_ = 0;
  reading_tally made_;
};

} // namespace gridtwin
