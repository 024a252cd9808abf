#pragma once

#include "twins/reading.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gridtwin {

/// How late a reading was known: seconds from the end of its half hour to the instant. 0 where the instant was not
/// said. Below 0: it was known before it can have been measured.
inline std::int64_t lateness_s(const known_time& known, period p) noexcept { return known.of(p) - p.end_s(); }

/// Readings by how late they were known. Not counted as readings pass, which would cost each of them: a run knows one
/// instant, so that its readings' lateness follows from their periods alone, whenever it is asked for.
struct lateness_histogram {
  static constexpr std::size_t buckets = 8;
  /// Upper bounds in seconds, inclusive; the last bucket has none. After the first, which holds what came early or at
  /// once: an hour, a working day's end, the day after, the first two settlement runs in days (WD+4, WD+7), a month.
  static constexpr std::array<std::int64_t, buckets - 1> up_to_s{0,          3'600,      43'200,     86'400,
                                                                 4 * 86'400, 9 * 86'400, 30 * 86'400};
  static constexpr std::array<std::string_view, buckets> names{"0", "1h", "12h", "1d", "4d", "9d", "30d", "more"};

  std::array<std::uint64_t, buckets> counts{};
  std::uint64_t early = 0; ///< of the first bucket: known before their half hour had ended
  std::int64_t worst_s = 0;

  void add(std::int64_t late_s, std::uint64_t readings = 1) noexcept {
    std::size_t at = 0;
    while (at < up_to_s.size() && late_s > up_to_s[at])
      ++at;
    counts[at] += readings;
    early += late_s < 0 ? readings : 0;
    if (readings != 0 && late_s > worst_s)
      worst_s = late_s;
  }

  /// The half hours of a meter's UTC day, by slot as bits.
  void add_day(const known_time& known, utc_day day, std::uint64_t slots) noexcept {
    for (int slot = 0; slot < periods_per_day; ++slot)
      if ((slots >> slot & 1) != 0)
        add(lateness_s(known, period_at(day, slot)));
  }

  lateness_histogram& operator+=(const lateness_histogram& other) noexcept {
    for (std::size_t i = 0; i < buckets; ++i)
      counts[i] += other.counts[i];
    early += other.early;
    worst_s = worst_s > other.worst_s ? worst_s : other.worst_s;
    return *this;
  }
};

} // namespace gridtwin
