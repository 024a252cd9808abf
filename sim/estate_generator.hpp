#pragma once

#include "sim/byte_sink.hpp"
#include "twins/mpan.hpp"
#include "twins/result.hpp"

#include <cstdint>

namespace gridtwin {

inline constexpr std::uint64_t fewest_simulated_meters = 10;
inline constexpr std::uint64_t most_simulated_meters = 31'000'000;
/// Meters of a simulated transformer; an estate of fewer than the lower bound has one transformer with all of them.
inline constexpr std::uint32_t fewest_meters_a_transformer = 50;
inline constexpr std::uint32_t most_meters_a_transformer = 500;

/// What estate to write. The same plan gives the same bytes.
struct estate_plan {
  std::uint64_t meters = 1000; ///< `fewest_simulated_meters` to `most_simulated_meters`
  std::uint64_t seed = 1;
};

struct estate_counts {
  std::uint64_t transformers = 0;
  std::uint64_t feeders = 0;
  std::uint64_t meters = 0;
  std::uint64_t export_meters = 0; ///< of these, with rooftop solar (`AI|AE`)
};

/// The three tables of an estate folder.
struct estate_sinks {
  byte_sink& transformers;
  byte_sink& feeders;
  byte_sink& meters;
};

/// The number of the meter at place `ordinal` (below 10^10): distributor prefix, ten digits that are a bijection of the
/// ordinal under the seed (so no two meters share one, and neighbours are far apart), check digit.
mpan simulated_mpan(std::uint64_t seed, std::uint64_t ordinal, int distributor) noexcept;

/// Writes transformers.csv, feeders.csv and meters.csv as the contract has them, in memory that does not grow with the
/// estate. All meters are energised and valid for ever. Errors: `errc::usage` for a number of meters out of range,
/// whatever a sink fails with.
result<estate_counts> generate_estate(const estate_plan& plan, const estate_sinks& sinks,
                                      const progress_callback& progress = {});

} // namespace gridtwin
