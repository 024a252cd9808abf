#pragma once

#include "twins/estimation_facts.hpp"
#include "twins/period.hpp"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// Days on which people do the same. A holiday is like a Sunday.
enum class day_kind : std::uint8_t { monday_to_friday, saturday, sunday };

day_kind day_kind_of(const civil_date& date, bool holiday) noexcept;

/// The half hour of the wall clock at which a settlement period begins: 0 (00:00) to 47 (23:30). In March no period has
/// 2 or 3 (01:00, 01:30), in October two have each of them.
int wall_clock_slot(const settlement_period& local) noexcept;
/// The periods of a local date at that time by the wall clock, in order: one, none or two.
std::vector<period> periods_at_wall_clock(const civil_date& date, int slot);

/// How far to look.
struct history_span {
  int weeks = 0;  ///< before the date itself, at most a year
  int fewest = 0; ///< values of the same kind of day, or else days of all kinds count
};

struct history_mean {
  std::int64_t wh = 0;
  bool same_kind = true;        ///< of days of the same kind; else of all days
  std::vector<civil_date> days; ///< local dates that a value is from, ascending
  bool operator==(const history_mean&) const = default;
};

/// Half hours that the history of a half hour is taken from. They are the same for every meter that knows the same
/// holidays, so they are worked out once; whoever estimates many meters keeps one. One thread.
class history_calendar {
public:
  struct place {
    gridtwin::period period;
    civil_date date; ///< local
    bool same_kind = false;
  };

  explicit history_calendar(const history_span& span) : span_(span) {}

  const history_span& span() const noexcept { return span_; }
  /// By date, the latest first. `facts`: those of the first call tell the holidays. Valid while the calendar is.
  const std::vector<place>& before(period p, const estimation_facts& facts);

private:
  history_span span_;
  std::unordered_map<std::int32_t, std::vector<place>> places_; ///< by number of the period
};

/// What the meter used at that time by the wall clock on the days before, by its actuals while it was energised: the
/// mean of the days of the same kind, or of all days where those are too few. From five values on, the highest counts
/// as the second highest and the lowest as the second lowest, so that no single one carries it. Rounded half to even.
/// Days behind the date do not count, so that a date's estimate does not move as time goes on. Ours.
/// Nothing: no value.
std::optional<history_mean> mean_of_history(period p, const estimation_facts& facts, history_calendar& calendar);

} // namespace gridtwin
