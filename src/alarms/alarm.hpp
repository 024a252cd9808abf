#pragma once

#include "twins/period.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridtwin {

enum class alarm_kind : std::uint8_t {
  overload,     ///< a transformer carries more than its rating
  overdue,      ///< a meter has not brought what should be here
  fleet_overdue ///< so many meters that it is one incident, not one for each
};
/// `overload`, `overdue`, `fleet-overdue`
std::string_view name_of(alarm_kind kind) noexcept;
std::optional<alarm_kind> parse_alarm_kind(std::string_view text) noexcept;

enum class alarm_state : std::uint8_t {
  raised,   ///< it stands
  cleared,  ///< it is over
  withdrawn ///< late or corrected readings have shown that it never was
};
std::string_view name_of(alarm_state state) noexcept;
std::optional<alarm_state> parse_alarm_state(std::string_view text) noexcept;

/// That somebody has seen an alarm.
struct acknowledgement {
  std::int64_t at_s = 0;
  std::string who;
  std::string why;
  bool operator==(const acknowledgement&) const = default;
};

/// What a person is told of. Of an overload the half hours are those above the limits; of a meter `first` is the half
/// hour that it is waited for.
struct alarm_record {
  std::int64_t id = 0;
  alarm_kind kind = alarm_kind::overload;
  alarm_state state = alarm_state::raised;
  std::string transformer; ///< empty: of the whole estate
  std::string mpan;        ///< of a meter; else empty
  period first;
  period last;                       ///< of an overload; else as `first`
  std::uint32_t half_hours = 0;      ///< of an overload: how long, as far as half hours are known
  period peak;                       ///< of an overload
  std::int64_t peak_utilisation = 0; ///< in hundredths of a per cent of the rating
  std::uint32_t reported = 0;        ///< meters behind the figure: at the peak; of the estate: those not overdue
  std::uint32_t expected = 0;        ///< meters that should be behind it
  std::int64_t raised_at_s = 0;      ///< seconds since the epoch
  std::optional<std::int64_t> ended_at_s;
  std::optional<acknowledgement> acknowledged;
  bool operator==(const alarm_record&) const = default;
};

/// One object without a line end.
std::string alarm_json(const alarm_record& a);

/// The members of what `alarm_json` wrote, in their order: names, and values as they stand there. Error: store_unusable
/// where it is something else.
result<std::vector<std::pair<std::string, std::string>>> alarm_members(std::string_view json);

} // namespace gridtwin
