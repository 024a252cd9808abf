#pragma once

#include "src/bench/trial_facts.hpp"
#include "twins/estimation_settings.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gridtwin {

enum class trial_kind : std::uint8_t {
  rung,      ///< a method of the ladder alone
  ladder,    ///< all of them in their order
  variant,   ///< a rung under another assumption
  yardstick, ///< what anybody could do without a program
};
std::string_view name_of(trial_kind kind) noexcept;

/// A way to put a value in the place of what is held back, and how far it was off.
struct trial_method {
  std::string name;
  trial_kind kind = trial_kind::rung;
  std::uint64_t values = 0;      ///< half hours that it has a value of
  std::uint64_t absolute_wh = 0; ///< sum of how far it was off, of the half hours compared
  std::int64_t bias_wh = 0;      ///< sum of estimate less actual, of the same
};

struct trial_outcome {
  std::uint64_t held_back = 0;
  std::uint64_t compared = 0;  ///< half hours that every method has a value of
  std::uint64_t actual_wh = 0; ///< of these
  std::vector<trial_method> methods;
};

/// Estimates what is held back by each method and compares it with what it was. The rungs are those of the order; the
/// yardsticks the same half hour of the week before (or two, three, four weeks before where that is missing), and the
/// meter's mean of all other dates of the table at that time by the wall clock.
trial_outcome run_trial(const half_hour_table& table, std::span<const held_half_hour> held,
                        const estimation_settings& settings, std::span<const civil_date> holidays);

} // namespace gridtwin
