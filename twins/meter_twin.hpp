#pragma once

#include "twins/meter_day.hpp"
#include "twins/rules.hpp"

#include <cstdint>
#include <vector>

namespace gridtwin {

/// What one reading came to, and what it changed of earlier ones.
struct assessment {
  gridtwin::verdict verdict = verdict::accepted;
  /// With a conflict: the content that stood alone until now and stands no more.
  std::optional<content> displaced;
  bool displaced_fresh = false; ///< that content had been accepted by the run that is under way

  /// The set of readings has grown: the reading must reach the journal.
  bool changes_state() const noexcept { return verdict == verdict::accepted || verdict == verdict::conflict; }
};

/// Counts that a twin keeps for its operator; they are no part of its state.
struct twin_counters {
  std::uint32_t accepted = 0;
  std::uint32_t duplicates = 0;
  std::uint32_t conflicts = 0;
  std::uint32_t refused = 0; ///< rejected and quarantined
};

/// The state machine of one meter at one connection point: a set of readings, of which the days that are being worked
/// on are held here. Pure: no clock, no I/O, no actor. The same function serves runtime, tests and simulation.
class meter_twin {
public:
  /// A day of one quantity that is held in memory.
  struct open_day {
    utc_day day;
    gridtwin::quantity quantity = quantity::active_import;
    meter_day readings;
  };

  explicit meter_twin(const connection& meter) noexcept : meter_(&meter) {}

  const connection& meter() const noexcept { return *meter_; }
  const twin_counters& counters() const noexcept { return counters_; }

  /// Judges a reading against the rules and against the set, and adds it to the set if it belongs there. The day of
  /// the reading must be complete in memory (see `restore`). A verdict that refuses leaves the set as it was.
  assessment assess(const reading& r, const rule_limits& limits);

  /// Adds a reading that was judged before: from the journal or the day store. Counts nothing.
  void restore(utc_day day, quantity q, int slot, std::uint16_t version, const content& c, bool fresh);

  /// Nothing where the twin holds no reading of that day and quantity.
  const meter_day* find(utc_day day, quantity q) const noexcept;

  /// Days held, sorted by day and quantity.
  const std::vector<open_day>& days() const noexcept { return days_; }

  /// Whether anything of a day is held; then all that is known of it is.
  bool holds(utc_day day) const noexcept;

  /// Forgets every day. Returns how many days of quantities were held.
  std::size_t release_all() noexcept;
  /// Forgets a day that is safe elsewhere. Returns how many quantities of it were held.
  std::size_t release(utc_day day) noexcept;

private:
  meter_day& open(utc_day day, quantity q);

  const connection* meter_;
  std::vector<open_day> days_;
  twin_counters counters_;
};

} // namespace gridtwin
