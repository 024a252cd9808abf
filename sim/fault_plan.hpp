#pragma once

#include "sim/random_streams.hpp"
#include "twins/counter_random.hpp"
#include "twins/estate.hpp"
#include "twins/period.hpp"
#include "twins/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gridtwin {

/// What may be wrong with simulated readings on purpose. "Cell" is one half hour of one quantity of one meter.
enum class fault : std::uint8_t {
  gap,           ///< the cell's reading is absent
  duplicate,     ///< the reading comes again, at once or later
  conflict,      ///< a second and sometimes a third content of the same key; some contents come twice
  correction,    ///< version 2 with another value, sometimes contradicted by another version 2
  off_grid,      ///< an extra row whose time is no half hour
  null,          ///< `Null` instead of the value
  negative,      ///< a negative value instead of the value
  too_large,     ///< more than any connection of its type can carry instead of the value
  unknown_meter, ///< an extra row of a valid MPAN that is not in the estate
  shuffled,      ///< the row comes later than its place
  outage,        ///< all meters of a feeder are absent for 1 to 8 half hours
};
inline constexpr std::size_t fault_count = 11;
inline constexpr std::array<std::string_view, fault_count> fault_names{
  "gap",      "duplicate", "conflict",      "correction", "off-grid", "null",
  "negative", "too-large", "unknown-meter", "shuffled",   "outage"};

constexpr std::size_t index_of(fault f) noexcept { return static_cast<std::size_t>(f); }
constexpr std::string_view name_of(fault f) noexcept { return fault_names[index_of(f)]; }

/// Longest outage, in half hours.
inline constexpr int longest_outage = 8;
/// Rates are whole billionths, so that no platform decides otherwise.
inline constexpr std::uint32_t always_ppb = 1'000'000'000;

/// How often each fault happens: of cells; of rows for `shuffled`; of a feeder's half hours, that an outage begins in
/// it, for `outage`.
struct fault_rates {
  std::array<std::uint32_t, fault_count> ppb{};
  std::uint32_t of(fault f) const noexcept { return ppb[index_of(f)]; }
  bool operator==(const fault_rates&) const = default;
};

/// A rate for each fault as a large estate shows them on a bad day.
fault_rates usual_fault_rates() noexcept;

/// `gap=0.01,conflict=0.001`, `all` (the usual rates), `none`, or `all,gap=0.2`; later items win.
/// Error: `errc::usage` for an unknown name (with the list), a rate that is not 0 to 1 or finer than a billionth.
result<fault_rates> parse_fault_rates(std::string_view text);

/// A set of faults, bits by `index_of`.
struct fault_set {
  std::uint32_t bits = 0;
  constexpr bool has(fault f) const noexcept { return ((bits >> index_of(f)) & 1U) != 0; }
  constexpr void add(fault f) noexcept { bits |= 1U << index_of(f); }
};

/// Decides what happens where, by hashing (seed, meter, quantity, period): independent of the order of generation.
class fault_plan {
public:
  fault_plan(std::uint64_t seed, const fault_rates& rates) noexcept;

  bool any() const noexcept { return cell_fault_count_ > 0 || has_outages(); }
  bool has_outages() const noexcept { return rates_.of(fault::outage) > 0; }

  /// The key of a meter's quantity, from which its cells' keys are drawn.
  std::uint64_t series_key(mpan meter, quantity what) const noexcept {
    return draw(draw(cells_, meter.number), index_of(what));
  }
  static std::uint64_t cell_key(std::uint64_t series_key, period when) noexcept {
    return draw(series_key, static_cast<std::uint64_t>(when.number));
  }

  /// Faults drawn for a cell, all but `shuffled` and `outage`. More corrections than the rate fall on cells with a
  /// conflict or a gap, or a small run would hardly ever show a correction that mends something.
  fault_set faults_of(std::uint64_t cell_key) const noexcept;
  /// Whether the `ordinal`-th row of a cell comes late.
  bool is_shuffled(std::uint64_t cell_key, unsigned ordinal) const noexcept;

  /// Half hours of the outage that begins with this half hour, 0 where none begins.
  int outage_starting(const transformer_info& at, std::string_view feeder, period when) const noexcept {
    return outage_starting(outage_key(at, feeder), when);
  }
  /// The key of a feeder's outages.
  std::uint64_t outage_key(const transformer_info& at, std::string_view feeder) const noexcept;
  int outage_starting(std::uint64_t outage_key, period when) const noexcept;

private:
  bool happens(fault f, std::uint64_t random) const noexcept { return (random >> 30) < thresholds_[index_of(f)]; }

  fault_rates rates_;
  std::uint64_t cells_;
  std::uint64_t outages_;
  std::array<std::uint64_t, fault_count> thresholds_{};
  std::array<fault, fault_count> cell_faults_{}; ///< those with a rate, so that the others cost nothing
  std::size_t cell_fault_count_ = 0;
};

} // namespace gridtwin
