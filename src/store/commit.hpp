#pragma once

#include "src/store/day_codec.hpp"
#include "twins/period.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gridtwin {

/// Number of a transformer in a store, given when an estate first names it and kept for good.
struct transformer_number {
  std::uint32_t value = 0;
  auto operator<=>(const transformer_number&) const = default;
};

/// Key of a transformer's day in the store's tables.
constexpr std::int64_t day_key(utc_day day, transformer_number t) noexcept {
  return std::int64_t{day.number} * (std::int64_t{1} << 32) + t.value;
}

/// An input that was refused, as it is kept: with its raw text, so that it can be played again.
struct kept_reject {
  std::uint32_t source = 0;
  std::uint64_t line = 0;
  std::uint8_t item = 0;
  gridtwin::verdict verdict = gridtwin::verdict::unparseable;
  std::string meter; ///< MPAN, or what the source calls it
  std::string quantity;
  std::string period_end;
  std::string detail;
  std::string raw;
};

/// What a batch adds to one day of a transformer.
struct day_commit {
  utc_day day;
  std::string added;         ///< fragment of the readings that were added, packed
  std::string loads;         ///< of its feeders after the batch, packed; replaces what stood
  bool contradicted = false; ///< some key of the day has more than one content
  bool merge = false;        ///< the two below replace every fragment of the day, the added readings included
  std::string earlier;       ///< readings of runs before the one under way, packed; empty: none
  std::string this_run;      ///< readings of the run under way, packed; empty: none
};

/// What a batch adds to one transformer: judged, encoded, ready to be written.
struct transformer_commit {
  transformer_number transformer;
  std::uint32_t shard = 0;
  std::string journal_section; ///< packed; empty: the batch added nothing
  std::vector<day_commit> days;
  std::vector<kept_reject> rejects;
};

/// A transformer's day as digest and gaps need it, made when a run ends.
struct day_summary {
  utc_day day;
  std::string nodes;  ///< packed hash-tree nodes by quantity
  std::string masks;  ///< packed masks of half hours with a current value, by twin and quantity
  std::string merged; ///< packed: the one fragment that takes the place of several; empty: keep what is there
  std::string shapes; ///< packed parts of load shapes
};

struct transformer_summary {
  struct gap_counts {
    std::uint64_t gaps = 0;
    std::uint64_t periods = 0;
  };

  transformer_number transformer;
  std::vector<day_summary> days;
  std::optional<gap_counts> counted; ///< over all days of the transformer, with the last part of its summary
};

} // namespace gridtwin
