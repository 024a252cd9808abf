#include "src/verify/journal_check.hpp"

#include "src/store/audit.hpp"
#include "src/store/change_history.hpp"
#include "src/store/topology.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <set>
#include <string_view>
#include <vector>

namespace gridtwin {

namespace {

bool equals(const digest& hash, std::string_view bytes) noexcept { return bytes_of(hash) == bytes; }

/// One shard's chain as it is walked.
struct shard_walk {
  std::int64_t offset = 0; ///< of the record before; 0: none
  digest chain{};          ///< as that record has it
};

/// Goes on from what the record says of itself, so that one fault is told once.
void walk(shard_walk& at, record_id record, const sqlite_statement& row, store_faults& faults) {
  const auto kind = static_cast<record_kind>(row.integer(1));
  const std::string_view hash = row.bytes(2);
  const std::string_view chain = row.bytes(3);
  if (record.offset() != at.offset + 1)
    faults.add(name_of(record), "follows record " + std::to_string(at.offset) + ": "
                                  + std::to_string(record.offset() - at.offset - 1) + " are missing between");
  if (!equals(sha256(row.bytes(4)), hash))
    faults.add(name_of(record), "its body is not what its hash says");
  digest of_body{};
  std::memcpy(of_body.data(), hash.data(), std::min(hash.size(), of_body.size()));
  if (hash.size() != of_body.size() || !equals(chain_hash(at.chain, record, kind, of_body), chain))
    faults.add(name_of(record), "its chain hash does not bind it to the records before it");
  at.offset = record.offset();
  at.chain = {};
  std::memcpy(at.chain.data(), chain.data(), std::min(chain.size(), at.chain.size()));
}

} // namespace

std::string name_of(record_id record) {
  return "journal record " + std::to_string(record.shard()) + ":" + std::to_string(record.offset());
}

result<journal_facts> check_journal(sqlite_database& database, store_faults& faults) {
  auto rows = database.prepare("SELECT id, kind, hash, chain, body FROM journal ORDER BY id");
  if (!rows)
    return rows.failure();
  journal_facts out;
  std::array<shard_walk, shard_count> shards{};
  while (rows->step()) {
    const record_id record{rows->integer(0)};
    if (record.value < 0 || record.shard() >= shard_count) {
      faults.add(name_of(record), "no journal has such a place");
      continue;
    }
    ++out.records;
    out.bytes += rows->bytes(4).size();
    walk(shards[record.shard()], record, *rows, faults);
  }
  if (rows->failed())
    return database.failure("cannot read");
  std::string ends;
  for (const shard_walk& one : shards) {
    out.shards += one.offset != 0 ? 1 : 0;
    ends += bytes_of(one.chain);
  }
  out.head = sha256(ends);
  return out;
}

result<std::uint64_t> check_acts(sqlite_database& database, store_faults& faults) {
  std::vector<journal_act> acts;
  for (std::int64_t after = 0;;) {
    auto some = read_acts(database, after);
    if (!some)
      return some.failure();
    std::move(some->acts.begin(), some->acts.end(), std::back_inserter(acts));
    if (some->at_end)
      break;
    after = some->last_offset;
  }
  std::uint64_t listed = 0;
  const auto read = for_each_act(database, 0, [&](const recorded_act& act) {
    const std::string where = "audit event " + std::to_string(act.id);
    if (listed >= acts.size())
      faults.add(where, "the journal does not have it");
    else if (acts[listed].event != act.event)
      faults.add(where, "is not what " + name_of(acts[listed].record) + " says");
    ++listed;
    return true;
  });
  if (!read)
    return read.failure();
  for (std::size_t i = static_cast<std::size_t>(listed); i < acts.size(); ++i)
    faults.add(name_of(acts[i].record), "holds an act that the audit table does not list");
  return listed;
}

namespace {

/// Bodies of one kind of the estate's shard, in order.
result<std::vector<std::string>> bodies_of(sqlite_database& database, record_kind kind) {
  auto rows = database.prepare("SELECT body FROM journal WHERE id >= ?1 AND id < ?2 AND kind = ?3 ORDER BY id");
  if (!rows)
    return rows.failure();
  rows->bind(1, record_id::of(estate_shard, 0).value).bind(2, record_id::of(estate_shard + 1, 0).value);
  rows->bind(3, static_cast<std::int64_t>(kind));
  result<std::vector<std::string>> out{std::vector<std::string>()};
  while (rows->step())
    out->emplace_back(rows->bytes(0));
  return rows->failed() ? database.failure("cannot read") : std::move(out);
}

/// A table's rows against the journal's records of the same things, one by one.
result<std::vector<std::string>> check_list(sqlite_database& database, record_kind kind, result<sqlite_statement> rows,
                                            std::string_view what, store_faults& faults) {
  const auto records = bodies_of(database, kind);
  if (!records)
    return records.failure();
  if (!rows)
    return rows.failure();
  result<std::vector<std::string>> out{std::vector<std::string>()};
  while (rows->step()) {
    const std::size_t at = out->size();
    out->emplace_back(rows->bytes(0));
    if (at >= records->size() || (*records)[at] != out->back())
      faults.add(std::string(what) + " " + std::to_string(at + 1), "is not what the journal has");
  }
  if (rows->failed())
    return database.failure("cannot read");
  if (out->size() < records->size())
    faults.add("the journal", "has " + std::to_string(records->size()) + " records of an " + std::string(what)
                                + ", the store " + std::to_string(out->size()));
  return out;
}

} // namespace

result<std::uint64_t> check_bindings(sqlite_database& database, store_faults& faults) {
  const auto runs =
    check_list(database, record_kind::run, database.prepare("SELECT options FROM runs ORDER BY number"), "run", faults);
  if (!runs)
    return runs.failure();
  const auto estates = check_list(database, record_kind::topology,
                                  database.prepare("SELECT hash FROM estates ORDER BY version"), "estate", faults);
  if (!estates)
    return estates.failure();
  std::set<std::string> seen;
  for (const std::string& hash : *estates) {
    if (!seen.insert(hash).second)
      continue;
    const auto files = read_estate(database, hash);
    if (!files || estate_hash(*files) != hash)
      faults.add("estate " + hash, files ? "its files are not what its hash says" : files.failure().message);
  }
  const auto changes = recorded_changes(database);
  if (!changes) {
    faults.add("the changes", changes.failure().message); // the rest of the store is judged all the same
    return estates->size();
  }
  for (const recorded_change& change : *changes)
    if (change.thing != changed_thing::estate)
      if (const auto texts = texts_of(database, change); !texts)
        faults.add(name_of(change.record), texts.failure().message);
  return estates->size();
}

} // namespace gridtwin
