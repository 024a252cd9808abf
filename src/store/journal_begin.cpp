#include "src/store/journal_begin.hpp"

#include "src/store/bytes.hpp"

#include <limits>

namespace gridtwin {

namespace {

constexpr std::string_view last_sql = "SELECT max(id) FROM journal WHERE id >= ?1 AND id < ?2";
constexpr std::string_view first_run_sql = "SELECT min(number) FROM runs WHERE known IS NULL OR known >= ?1";
constexpr std::string_view newest_run_sql = "SELECT max(number) FROM runs";
// The run that wrote a `readings` record stands at its beginning (`store_reader::run_of`).
constexpr std::string_view next_readings_sql =
  "SELECT id, substr(body, 1, 10) FROM journal WHERE id >= ?1 AND id <= ?2 AND kind = ?3 ORDER BY id LIMIT 1";

/// The last offset of a shard before its first readings of run `first` or a later one: runs ascend with offsets.
result<std::int64_t> offset_before(sqlite_statement& next, sqlite_database& database, std::uint32_t shard,
                                   std::int64_t last, std::uint64_t first) {
  std::int64_t before = 0; // no readings of `first` or later up to here
  while (before < last) {
    const std::int64_t middle = before + (last - before + 1) / 2;
    next.bind(1, record_id::of(shard, middle).value).bind(2, record_id::of(shard, last).value);
    next.bind(3, static_cast<std::int64_t>(record_kind::readings));
    const bool found = next.step();
    std::uint64_t run = std::numeric_limits<std::uint64_t>::max();
    if (found) {
      byte_reader in(next.bytes(1));
      run = in.number();
    }
    const bool failed = next.failed();
    next.reset();
    if (failed)
      return database.failure("cannot read");
    if (found && run < first)
      before = middle;
    else
      last = middle - 1;
  }
  return before;
}

result<std::int64_t> last_offset(sqlite_statement& last, sqlite_database& database, std::uint32_t shard) {
  last.bind(1, record_id::of(shard, 0).value).bind(2, record_id::of(shard + 1, 0).value);
  const std::int64_t out = last.step() ? record_id{last.optional_integer(0).value_or(0)}.offset() : 0;
  const bool failed = last.failed();
  last.reset();
  return failed ? result<std::int64_t>(database.failure("cannot read")) : result<std::int64_t>(out);
}

} // namespace

result<shard_offsets> last_offsets(sqlite_database& database) {
  auto last = database.prepare(last_sql);
  if (!last)
    return last.failure();
  shard_offsets out{};
  for (std::uint32_t shard = 0; shard < shard_count; ++shard) {
    const auto offset = last_offset(*last, database, shard);
    if (!offset)
      return offset.failure();
    out[shard] = *offset;
  }
  return out;
}

result<std::int64_t> offset_before_run(sqlite_database& database, std::uint32_t shard, std::uint64_t run) {
  auto last = database.prepare(last_sql);
  auto next = database.prepare(next_readings_sql);
  if (!last || !next)
    return database.failure("cannot read");
  const auto offset = last_offset(*last, database, shard);
  return offset ? offset_before(*next, database, shard, *offset, run) : offset;
}

result<shard_offsets> offsets_before_run(sqlite_database& database, std::uint64_t run) {
  auto out = last_offsets(database);
  if (!out)
    return out;
  auto next = database.prepare(next_readings_sql);
  if (!next)
    return next.failure();
  for (std::uint32_t shard = 0; shard < shard_count; ++shard) {
    auto before = offset_before(*next, database, shard, (*out)[shard], run);
    if (!before)
      return before.failure();
    (*out)[shard] = *before;
  }
  return out;
}

result<shard_offsets> offsets_before(sqlite_database& database, std::int64_t known_s) {
  auto first = database.prepare(first_run_sql);
  if (!first)
    return first.failure();
  first->bind(1, known_s);
  if (!first->step())
    return database.failure("cannot read");
  const auto run = first->optional_integer(0);
  // Nothing of it yet: what comes from now on.
  return run ? offsets_before_run(database, static_cast<std::uint64_t>(*run)) : last_offsets(database);
}

result<std::uint64_t> newest_run(sqlite_database& database) {
  auto newest = database.prepare(newest_run_sql);
  if (!newest)
    return newest.failure();
  if (!newest->step())
    return database.failure("cannot read");
  return static_cast<std::uint64_t>(newest->optional_integer(0).value_or(0));
}

} // namespace gridtwin
