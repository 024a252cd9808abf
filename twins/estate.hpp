#pragma once

#include "twins/codes.hpp"
#include "twins/mpan.hpp"
#include "twins/period.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace gridtwin {

/// Position of a transformer in `estate::transformers`.
struct transformer_index {
  std::uint32_t value = 0;
  auto operator<=>(const transformer_index&) const = default;
};
/// Position of a feeder in `estate::feeders`.
struct feeder_index {
  std::uint32_t value = 0;
  auto operator<=>(const feeder_index&) const = default;
};
/// Position of a connection (a row of meters.csv, a twin) in `estate::connections`.
struct connection_index {
  std::uint32_t value = 0;
  auto operator<=>(const connection_index&) const = default;
};

enum class market_segment : char { smart = 'S', advanced = 'A', unmetered = 'U' };
enum class connection_type : char {
  whole_current = 'W',
  low_voltage = 'L',
  high_voltage = 'H',
  extra_high = 'E',
  unmetered = 'U'
};

/// Positions in tables by connection type or segment, and all of them in that order.
inline constexpr std::size_t connection_type_count = 5;
inline constexpr std::size_t market_segment_count = 3;
inline constexpr std::array<connection_type, connection_type_count> connection_types{
  connection_type::whole_current, connection_type::low_voltage, connection_type::high_voltage,
  connection_type::extra_high, connection_type::unmetered};
inline constexpr std::array<market_segment, market_segment_count> market_segments{
  market_segment::smart, market_segment::advanced, market_segment::unmetered};

constexpr std::size_t index_of(connection_type type) noexcept {
  if (type == connection_type::whole_current) // nearly all
    return 0;
  if (type == connection_type::low_voltage)
    return 1;
  if (type == connection_type::high_voltage)
    return 2;
  return type == connection_type::extra_high ? 3 : 4;
}
constexpr std::size_t index_of(market_segment segment) noexcept {
  return segment == market_segment::smart ? 0 : segment == market_segment::advanced ? 1 : 2;
}

/// A secondary substation's transformer.
struct transformer_info {
  std::string id;
  std::string name;
  std::int64_t rating_va = 0;
  std::int64_t power_factor_ppm = 950'000; ///< millionths
  char gsp_group = 'A';                    ///< the letter after the underscore: `_A` to `_P` without I and O
};

/// A low-voltage feeder; its id is unique within its transformer only.
struct feeder_info {
  transformer_index transformer;
  std::string id;
  std::string name;
  std::int64_t rating_ma = 0; ///< thousandths of an ampere a phase; 0: the estate does not say
};

/// Half-open range of periods, compared with the start of a period.
struct period_range {
  std::int32_t first = std::numeric_limits<std::int32_t>::min(); ///< number of the first period inside
  std::int32_t end = std::numeric_limits<std::int32_t>::max();   ///< number of the first period after
  constexpr bool contains(period p) const noexcept { return p.number >= first && p.number < end; }
  bool operator==(const period_range&) const = default;
};

/// The range of periods that start in [from_s, to_s).
constexpr period_range periods_starting_in(std::int64_t from_s, std::int64_t to_s) noexcept {
  const auto first = [](std::int64_t s) {
    const std::int64_t up = s >= 0 ? (s + seconds_per_period - 1) / seconds_per_period : s / seconds_per_period;
    return static_cast<std::int32_t>(up + 1);
  };
  return {first(from_s), first(to_s)};
}

/// A meter at one connection point for one range of time. A meter that moves or changes has several.
struct connection {
  gridtwin::mpan mpan;
  feeder_index feeder;
  period_range effective;
  std::array<char, 4> supplier_mpid{};
  market_segment segment = market_segment::smart;
  connection_type type = connection_type::whole_current;
  bool domestic = true;
  bool energised = true;
  std::uint8_t quantities = mask_of(quantity::active_import); ///< bits by `mask_of`
  std::uint32_t source_name = 0; ///< position in `estate::source_names`; 0: readings call it by its MPAN
};

/// An optional file of an estate's folder, as it was given.
struct estate_file {
  std::string name; ///< `registers.csv`
  std::string bytes;
  bool operator==(const estate_file&) const = default;
};

/// Which meter hangs on which feeder and transformer. Transformers are sorted by id as bytes, feeders by transformer
/// and id, connections by feeder, MPAN and time; the order is a function of the content alone.
struct estate {
  std::vector<transformer_info> transformers;
  std::vector<feeder_info> feeders;
  std::vector<connection> connections;
  std::vector<std::string> source_names{std::string()};

  const feeder_info& feeder_of(const connection& c) const noexcept { return feeders[c.feeder.value]; }
  transformer_index transformer_of(const connection& c) const noexcept { return feeder_of(c).transformer; }
};

/// The connections of one transformer: they stand together in the estate.
struct connection_range {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

inline connection_range connections_of(const estate& e, transformer_index t) {
  const auto less = [&](const connection& c, transformer_index wanted) { return e.transformer_of(c) < wanted; };
  const auto first = std::lower_bound(e.connections.begin(), e.connections.end(), t, less);
  const auto end = std::lower_bound(first, e.connections.end(), transformer_index{t.value + 1}, less);
  return {static_cast<std::uint32_t>(first - e.connections.begin()), static_cast<std::uint32_t>(end - first)};
}

/// The feeders of one transformer.
struct feeder_range {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

inline feeder_range feeders_of(const estate& e, transformer_index t) {
  const auto less = [](const feeder_info& f, transformer_index wanted) { return f.transformer < wanted; };
  const auto first = std::lower_bound(e.feeders.begin(), e.feeders.end(), t, less);
  const auto end = std::lower_bound(first, e.feeders.end(), transformer_index{t.value + 1}, less);
  return {static_cast<std::uint32_t>(first - e.feeders.begin()), static_cast<std::uint32_t>(end - first)};
}

} // namespace gridtwin
