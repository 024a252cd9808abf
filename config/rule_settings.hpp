#pragma once

#include "twins/feeder_limit.hpp"
#include "twins/message_rules.hpp"
#include "twins/register_check.hpp"
#include "twins/rules.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace gridtwin {

/// A rule pack: what the rules compare with, under a version. It says everything itself and leaves nothing to the
/// program's defaults, so that a store that has bound it is judged alike by every later program.
struct rule_settings {
  std::uint32_t version = 1; ///< 1 or more; a changed pack has a higher one
  energy_limits energy = default_energy_limits();
  /// Nothing: the pack has no table `feeders`, as none had before there was one; what feeders sum is held to nothing.
  std::optional<feeder_limits> feeders = feeder_limits{};
  register_tolerance registers;
  /// A time that is this many seconds or fewer from the half hour is put on it, and counted as drifted; 0: none is.
  std::int32_t drift_tolerance_s = 0;
  recordable_statuses recordable = default_recordable;
  bool operator==(const rule_settings&) const = default;
};

/// Error: says the key and how to mend it. `origin_name` names the text in messages.
result<rule_settings> parse_rule_settings(std::string_view toml, std::string_view origin_name);

/// What holds without a pack of one's own, as TOML, with the source of each figure. config/examples/rules.toml is the
/// same, to start from.
std::string_view built_in_rule_settings() noexcept;

} // namespace gridtwin
