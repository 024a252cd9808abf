#pragma once

#include "twins/cohort_checks.hpp"
#include "twins/result.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace gridtwin {

/// What a command was told about cohort checks; what it was not told is as `cohort_thresholds` has it.
struct cohort_options {
  std::optional<std::string> z;
  std::optional<std::string> scale;
  std::optional<std::uint32_t> stuck_half_hours;
  std::optional<std::uint32_t> zero_half_hours;
  std::optional<std::uint32_t> drop_per_cent;
  std::optional<std::uint32_t> smallest_cohort;
  std::optional<std::uint32_t> budget;

  bool any() const noexcept {
    return z || scale || stuck_half_hours || zero_half_hours || drop_per_cent || smallest_cohort || budget;
  }
};

/// Adds `--z`, `--scale` and the others. `o` lives as long as the command.
void add_cohort_options(CLI::App& app, cohort_options& o);

/// Error: `errc::usage`, with the option.
result<cohort_thresholds> read_cohort_thresholds(const cohort_options& o);

} // namespace gridtwin
