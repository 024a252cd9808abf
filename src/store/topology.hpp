#pragma once

#include "src/store/commit.hpp"
#include "src/store/sqlite.hpp"
#include "twins/estate.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gridtwin {

/// How an estate's transformers and connections are called in a store. A connection keeps its slot for good: it is
/// known again by MPAN, feeder and the first period of its range.
struct topology {
  std::vector<transformer_number> number_of; ///< by transformer_index
  std::vector<twin_slot> slot_of;            ///< by connection_index
  std::vector<std::uint32_t> slots_in;       ///< slots ever given, by transformer_index
};

/// The raw bytes of an estate's files, as they were given.
struct estate_bytes {
  std::string transformers;
  std::string feeders;
  std::string meters;
  std::vector<estate_file> optional = {}; ///< those that are there, in the order of their names
};

/// A connection that readings may have been stored for and that the estate at hand no longer has, or has for a shorter
/// range: `allowed` is what is left of it. One that has lost quantities and nothing of its range is none: as with any
/// other column, what is stored stays.
struct narrowed_connection {
  transformer_number transformer;
  twin_slot slot;
  gridtwin::mpan mpan;
  period_range allowed;
  period_range before;   ///< in which readings may have been stored
  std::uint8_t lost = 0; ///< quantities of which readings may have been stored and that it no longer has
};

/// What binding an estate to a store will write. Nothing is written before `write`.
struct topology_change {
  struct row {
    transformer_number number;
    std::string id;
    std::string slots; ///< encoded; packed when they are written
  };
  std::vector<row> rows; ///< transformers that are new or have changed
  std::vector<narrowed_connection> narrowed;
  std::vector<transformer_number> recount; ///< whose meters' rows have changed so that their gaps must be counted anew
  bool new_estate = false;                 ///< its bytes differ from those bound last
  /// SHA-256 over the hashes of the three files, and then of the name and the bytes of each optional one.
  std::string hash;
  std::vector<std::string> file_hashes; ///< SHA-256 of the three files and then of the optional ones
};

struct topology_binding {
  gridtwin::topology topology;
  topology_change change;
};

/// `topology_change::hash` of an estate's files.
std::string estate_hash(const estate_bytes& bytes);

/// Matches an estate with what the store knows.
result<topology_binding> bind_topology(sqlite_database& database, const estate& e, const estate_bytes& bytes);

/// Writes what binding found, inside the caller's transaction.
result<void> write_topology(sqlite_database& database, const topology_change& change, const estate_bytes& bytes);

/// What a store's transformer was called, and whose each of its slots is, now or once.
struct named_slots {
  std::string transformer;
  std::vector<mpan> meters; ///< by slot
};
/// By the transformer's number.
result<std::unordered_map<std::uint32_t, named_slots>> read_named_slots(sqlite_database& database);

/// The feeder that each of a transformer's slots hangs on, for good: a meter that is moved gets another slot.
struct slot_feeders {
  std::string transformer;
  std::vector<std::string> feeder; ///< id, by slot
};
/// By the transformer's number.
result<std::unordered_map<std::uint32_t, slot_feeders>> read_slot_feeders(sqlite_database& database);

/// How many estates were bound, the same again counted again; 0: none. What was read of one holds until it grows.
result<std::int64_t> bound_estate_count(sqlite_database& database);
/// `topology_change::hash` of the estate bound last; empty where none is.
result<std::string> bound_estate_hash(sqlite_database& database);

/// Which files of a bound estate are wanted; the others are left empty.
enum class bound_files : std::uint8_t { all, required, optional };

/// The estate bound last. Error: store_unusable when no replay has bound one.
result<estate_bytes> read_bound_estate(sqlite_database& database, bound_files wanted = bound_files::all);
/// One that was bound at some time, by its `topology_change::hash`. Error: store_failed where the store has none such.
result<estate_bytes> read_estate(sqlite_database& database, std::string_view hash,
                                 bound_files wanted = bound_files::all);

} // namespace gridtwin
