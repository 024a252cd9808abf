#pragma once

#include "src/store/journal.hpp"
#include "src/store/sqlite.hpp"
#include "src/verify/store_faults.hpp"

#include <cstdint>
#include <string>

namespace gridtwin {

/// `journal record 5:12`
std::string name_of(record_id record);

struct journal_facts {
  std::uint64_t records = 0;
  std::uint64_t shards = 0; ///< that have any
  std::uint64_t bytes = 0;  ///< of bodies
  /// SHA-256 over the chain hashes that the 64 shards end with, in order; zeros for one without records. Who keeps it
  /// and the number of records elsewhere will know whether the journal was cut.
  digest head{};
};

/// Holds each record's body against its hash, its place against its predecessor's, and its chain hash against all
/// before it. What a shard lacks at its end cannot be seen from within. Error: the store cannot be read.
result<journal_facts> check_journal(sqlite_database& database, store_faults& faults);

/// The acts that the audit table lists against those that the journal has. Returns how many there are.
result<std::uint64_t> check_acts(sqlite_database& database, store_faults& faults);

/// The options of all runs, and the files of all estates that were ever bound, against the journal's records of them;
/// rules, settings and policies that were in force against their hashes, and that none is missing. Returns how many
/// estates there are.
result<std::uint64_t> check_bindings(sqlite_database& database, store_faults& faults);

} // namespace gridtwin
