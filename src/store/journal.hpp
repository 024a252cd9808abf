#pragma once

#include "src/store/sqlite.hpp"
#include "twins/hash.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace gridtwin {

/// Shards of an estate: the unit of ownership, fixed for the life of a store.
inline constexpr std::uint32_t shard_count = 64;

/// The shard that a transformer belongs to.
std::uint32_t shard_of(std::string_view transformer_id) noexcept;

/// Shard of records that concern the whole estate.
inline constexpr std::uint32_t estate_shard = 0;

enum class record_kind : std::uint8_t {
  run = 1,        ///< a run of `replay` begins: its options, as text
  topology = 2,   ///< an estate takes effect: hashes of its files
  readings = 3,   ///< a batch: readings that were added to the set, with their lineage, by transformer
  rejects = 4,    ///< inputs that were refused, raw, with the reason
  moves = 5,      ///< stored readings belong to other rows since the estate that took effect before it
  shapes = 6,     ///< load shapes that a run of settlement used: version, cut and values
  settlement = 7, ///< a run of settlement: code, date, gate, digests of inputs, outputs, shapes and estimates
  letters = 8,    ///< what nobody could judge: dead letters, those that were judged after all, twins that were parked
  audit = 9,      ///< what an operator did: instant, who, act, subject, detail
};

/// Largest body of a record; larger batches are split above.
inline constexpr std::size_t largest_record = std::size_t{1} << 20;

/// Place of a record: unique in a store, ascending within a shard.
struct record_id {
  std::int64_t value = 0;
  static constexpr int offset_bits = 40;
  static constexpr record_id of(std::uint32_t shard, std::int64_t offset) noexcept {
    return {static_cast<std::int64_t>(shard) << offset_bits | offset};
  }
  constexpr std::uint32_t shard() const noexcept { return static_cast<std::uint32_t>(value >> offset_bits); }
  constexpr std::int64_t offset() const noexcept { return value & ((std::int64_t{1} << offset_bits) - 1); }
  bool operator==(const record_id&) const = default;
};

/// The hash that binds a record to all before it in its shard: SHA-256 of the predecessor's, place, kind and the hash
/// of the body. It links hashes of contents, so that a content can be replaced later and the chain still be checked.
digest chain_hash(const digest& predecessor, record_id id, record_kind kind, const digest& body) noexcept;

/// Appends to the journal inside the transaction that its owner has begun. One writer a store.
class journal_appender {
public:
  /// Reads where each shard ends.
  static result<journal_appender> open(sqlite_database& database);

  result<record_id> append(std::uint32_t shard, record_kind kind, std::string_view body);

  /// Goes back to what is committed after a transaction that failed.
  void forget() noexcept { next_ = committed_; }
  void committed() noexcept { committed_ = next_; }

private:
  struct end {
    std::int64_t offset = 0; ///< of the last record, 0: none
    digest chain{};
  };

  journal_appender(sqlite_database& database, sqlite_statement insert)
    : database_(&database), insert_(std::move(insert)) {}

  sqlite_database* database_;
  sqlite_statement insert_;
  std::array<end, shard_count> next_{};
  std::array<end, shard_count> committed_{};
};

} // namespace gridtwin
