#pragma once

#include "src/store/store_reader.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

namespace gridtwin {

/// Days as they stood when some run of `replay` had ended, whatever later runs have added: also what counts as known
/// before. Fragments forget by whom they were added where they are merged; the journal has every reading with its run.
/// Any number of threads may ask, each with a reader of its own.
class earlier_days {
public:
  /// Nothing where no later run can have added anything that counts as known at an instant: days as they were known
  /// then are as they stood.
  static result<std::optional<earlier_days>> after_run(store_reader& reader, std::uint32_t last_run,
                                                       std::int64_t known_at_s);

  /// Calls `f` for every reading of a day that runs up to that one had added, and perhaps for others that did not count
  /// as known at the instant. See `day_source::load`. `reader`: of the same store.
  result<std::size_t> load(store_reader& reader, transformer_number t, utc_day day, const day_source::take& f) const;

private:
  earlier_days(std::uint32_t last_run, std::int64_t known_at_s, std::unordered_map<std::uint32_t, known_time> known)
    : last_run_(last_run), known_at_s_(known_at_s), known_by_run_(std::move(known)) {}

  /// Whether a later run may have added what counts as known.
  bool counts(std::uint32_t run, const known_time& known) const noexcept {
    return run > last_run_ && known.at_s.value_or(known_at_s_) <= known_at_s_;
  }

  std::uint32_t last_run_;
  std::int64_t known_at_s_;
  std::unordered_map<std::uint32_t, known_time> known_by_run_;
};

} // namespace gridtwin
