#pragma once

#include "src/store/transformer_day_reader.hpp"
#include "src/verify/day_check.hpp"
#include "src/verify/journal_check.hpp"
#include "src/verify/store_faults.hpp"

#include <cstdint>
#include <functional>

namespace gridtwin {

/// What a store's log came to.
struct log_facts {
  journal_facts journal;
  std::uint64_t acts = 0;
  std::uint64_t estates = 0; ///< bound, one after another
};

/// What its days came to.
struct day_facts {
  std::uint64_t readings = 0;         ///< of the journal
  std::uint64_t transformer_days = 0; ///< with readings
  std::uint64_t not_summarised = 0;   ///< of those: readers compute what a run that was cut off had still to keep
  energy_by_day energy;               ///< by the meters' current values
};

/// Holds a store's journal against its chains, and runs, estates and acts against the journal. Error: the store cannot
/// be read.
result<log_facts> check_log(sqlite_database& database, store_faults& faults);

/// Holds each reading of the journal against the day that must have it, and the other way round; and what is kept of
/// each day (loads of feeders, hash trees, masks) against its readings. `cut`: all that is known, in one state of the
/// store. `progress`: transformers' days done, and of how many. Takes some 100 MB at most, beside a list of all days.
/// Error: the store cannot be read.
result<day_facts> check_days(const store_cut& cut, store_faults& faults,
                             const std::function<void(std::uint64_t, std::uint64_t)>& progress);

} // namespace gridtwin
