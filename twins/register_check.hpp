#pragma once

#include "twins/period.hpp"
#include "twins/settlement_inputs.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace gridtwin {

/// How far the sum of half hours may lie from what the register advanced by: the larger of the two counts. No tolerance
/// was found published (domain notes, 3.4): configuration, with defaults of ours. 10 Wh: what rounding 1,440 half hours
/// of a month to a watt-hour each comes to (half a Wh at most, 0.29 Wh in the mean square, times the root of 1,440).
struct register_tolerance {
  std::int64_t wh = 10;       ///< 0 or more
  std::int64_t per_mille = 1; ///< of the advance, 0 to 1000
  bool operator==(const register_tolerance&) const = default;
};

enum class register_verdict : std::uint8_t {
  ok,
  outside,    ///< half hours and register contradict each other, or the register ran backwards
  incomplete, ///< half hours are missing: nothing can be said
};

/// What came of two consecutive reads of a register.
struct register_check {
  std::int64_t from_s = 0;
  std::int64_t to_s = 0;
  std::int64_t advance_wh = 0;  ///< of the register
  std::int64_t interval_wh = 0; ///< of the half hours that are known
  std::uint32_t missing = 0;    ///< half hours without a value
  register_verdict verdict = register_verdict::ok;
};

/// The value that stands for a half hour, in Wh; nothing where it has none.
using interval_lookup = std::function<std::optional<std::int64_t>(period)>;

/// Compares each two consecutive reads with the half hours between them. `reads` ascend in time; of reads at one
/// instant the last counts. A read within a half hour leaves that half hour to neither side: it is counted as missing
/// from both, for no share of it is known.
std::vector<register_check> check_registers(std::span<const register_read> reads, const interval_lookup& wh_of,
                                            const register_tolerance& tolerance);

/// Whether a sum lies within the tolerance of an advance; the bound itself does.
bool within(const register_tolerance& tolerance, std::int64_t advance_wh, std::int64_t interval_wh) noexcept;

} // namespace gridtwin
