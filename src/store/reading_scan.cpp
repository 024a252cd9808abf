#include "src/store/reading_scan.hpp"

#include "src/store/bytes.hpp"
#include "src/store/journal_section.hpp"

#include <string_view>

namespace gridtwin {

namespace {

constexpr std::string_view records_sql =
  "SELECT id, kind, body FROM journal WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3";
constexpr std::size_t records_at_once = 256;
constexpr std::int64_t last_offset_of_all = (std::int64_t{1} << record_id::offset_bits) - 1;

/// Calls `f` for each reading of a record; their number.
result<std::uint32_t> for_each_reading(record_id record, std::string_view body, std::vector<stored_reading>& section,
                                       const std::function<result<void>(const scanned_reading&)>& f) {
  byte_reader in(body);
  const auto run = static_cast<std::uint32_t>(in.number());
  std::uint32_t place = 0;
  while (!in.at_end()) {
    const transformer_number transformer{static_cast<std::uint32_t>(in.number())};
    const auto bytes = unpack(in.text());
    section.clear();
    if (!in.ok() || !bytes || !decode_section(*bytes, section))
      return damaged(record);
    for (const stored_reading& r : section)
      if (auto done = f({record, place++, run, transformer, r}); !done)
        return done.failure();
  }
  return in.ok() ? result<std::uint32_t>(place) : damaged(record);
}

} // namespace

error damaged(record_id record) {
  return {errc::store_failed, "journal record " + std::to_string(record.shard()) + ":" + std::to_string(record.offset())
                                + " is damaged: the store cannot be read any more"};
}

result<reading_scan> reading_scan::over(sqlite_database& database) {
  auto records = database.prepare(records_sql);
  if (!records)
    return records.failure();
  return reading_scan(database, std::move(*records));
}

result<reading_scan::progress> reading_scan::read(std::uint32_t shard, std::int64_t after, std::size_t readings,
                                                  const std::function<result<void>(const scanned_reading&)>& f) {
  progress out{after, false, {}};
  records_.bind(1, record_id::of(shard, after).value);
  records_.bind(2, record_id::of(shard, last_offset_of_all).value);
  records_.bind(3, static_cast<std::int64_t>(records_at_once));
  std::size_t given = 0;
  while (given < readings && records_.step()) {
    const record_id record{records_.integer(0)};
    out.passed.push_back({record.offset(), 0});
    if (records_.integer(1) == static_cast<std::int64_t>(record_kind::readings)) {
      const auto read = for_each_reading(record, records_.bytes(2), section_, f);
      if (!read) {
        records_.reset();
        return read.failure();
      }
      given += *read;
      out.passed.back().readings = *read;
    }
    out.last_offset = record.offset();
  }
  const bool failed = records_.failed();
  records_.reset();
  if (failed)
    return database_->failure("cannot read");
  out.at_end = given < readings && out.passed.size() < records_at_once;
  return out;
}

} // namespace gridtwin
