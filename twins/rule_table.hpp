#pragma once

#include "twins/codes.hpp"
#include "twins/rules.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace gridtwin {

/// Where a rule is checked: on the way from a row to a reading; on a whole message; by the meter's twin; by the twin
/// against an instant and a timetable.
enum class rule_stage : std::uint8_t { decode, message, twin, timetable };
/// What follows: refused for good, kept until more is known, or accepted and counted.
enum class rule_severity : std::uint8_t { reject, quarantine, warn };

/// A rule: the verdict that it gives, or, where nothing is refused, the warning.
struct rule_row {
  std::string_view code; ///< `over-maximum`
  std::string_view ecs;  ///< `ECS1012`; empty where central settlement has no code for it
  rule_stage stage = rule_stage::decode;
  rule_severity severity = rule_severity::reject;
  std::optional<gridtwin::verdict> verdict;
  std::optional<gridtwin::warning> warning;
};

/// Of the rules themselves: what is checked, where and in which order. It changes with the program; what they compare
/// with has a version of its own, that of the rule pack (config/rule_settings). Both stand in a run's opening record.
inline constexpr std::uint32_t rule_table_version = 1;

inline constexpr std::size_t rule_count = 26;
/// Every rule of the contract in the order in which they are checked, then the warnings.
const std::array<rule_row, rule_count>& rule_table() noexcept;

std::string_view name_of(rule_stage stage) noexcept;
std::string_view name_of(rule_severity severity) noexcept;
/// `over-alarm`
std::string_view name_of(warning w) noexcept;

} // namespace gridtwin
