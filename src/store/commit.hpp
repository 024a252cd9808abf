#pragma once

#include "src/store/day_codec.hpp"
#include "twins/mpan.hpp"
#include "twins/period.hpp"
#include "twins/reading.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

/// Why a reading could not be judged.
enum class letter_cause : std::uint8_t {
  threw,        ///< its twin failed on it as often as it was tried
  process_died, ///< processes ended while it was judged, as often as that was borne
  twin_parked,  ///< its twin had failed too often by then, and judges nothing until an operator says so
};
inline constexpr std::size_t letter_cause_count = 3;
std::string_view name_of(letter_cause cause) noexcept; ///< "threw", "process-died", "twin-parked"
std::optional<letter_cause> parse_letter_cause(std::string_view name) noexcept;

/// A reading that nobody could judge, kept with all that is needed to judge it later.
struct dead_letter {
  kept_reject input; ///< its verdict is `twin_failed`, its detail the reason, printable
  twin_slot twin;    ///< of its transformer
  gridtwin::reading reading;
  letter_cause cause = letter_cause::threw;
  std::uint32_t attempts = 0; ///< that were made; 0 where it was set aside before its twin saw it
};

/// What became of a twin's actor while a batch was judged: nothing is written of one that did not fail.
struct twin_fault {
  twin_slot twin;
  gridtwin::mpan meter;
  std::uint32_t restarts = 0; ///< with this batch
  bool parked = false;
  std::string reason; ///< of the last failure, printable
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
  std::vector<dead_letter> letters;
  std::vector<twin_fault> faults;
  std::vector<std::int64_t> settled_letters; ///< ids of dead letters that were judged now after all
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
