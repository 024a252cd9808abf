#pragma once

#include "sim/byte_sink.hpp"
#include "sim/fault_plan.hpp"
#include "sim/reads_truth.hpp"
#include "twins/estate.hpp"
#include "twins/period.hpp"
#include "twins/result.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace gridtwin {

/// In which order the rows of a file come. Every order has the same rows.
enum class row_order : std::uint8_t {
  time,   ///< all meters of a half hour, then the next
  meter,  ///< a meter's whole range, then the next
  random, ///< all rows shuffled, in memory
};
std::optional<row_order> parse_row_order(std::string_view name) noexcept;

/// Most half hours of meters that are shuffled in memory.
inline constexpr std::uint64_t most_rows_in_random_order = 20'000'000;
/// Days of one run: a century.
inline constexpr std::int32_t most_simulated_days = 36'525;
/// Rows that are held back to come late; one more pushes out another.
inline constexpr std::size_t late_rows_held = 4096;

/// What readings to write. The same plan of the same estate gives the same bytes.
struct reads_plan {
  utc_day from;
  std::int32_t days = 1; ///< 1 to `most_simulated_days`
  std::uint64_t seed = 1;
  fault_rates faults;
  row_order order = row_order::time;
};

/// Writes `mpan,quantity,period_end,kwh,version` rows of every energised meter in its effective range, and counts what
/// a replay must find. Memory is that of the estate, but for a random order. Meters come in the order of their numbers.
/// Errors: `errc::usage` for a plan out of bounds, whatever the sink fails with.
result<reads_truth> generate_reads(const estate& source, const reads_plan& plan, byte_sink& sink,
                                   const progress_callback& progress = {});

} // namespace gridtwin
