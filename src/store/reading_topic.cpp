#include "src/store/reading_topic.hpp"

#include "src/store/bytes.hpp"
#include "src/store/journal_section.hpp"

#include <limits>
#include <string_view>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::string_view records_sql =
  "SELECT id, kind, body FROM journal WHERE id > ?1 AND id <= ?2 ORDER BY id LIMIT ?3";
constexpr std::int64_t records_at_once = 256;
constexpr std::int64_t last_offset_of_all = (std::int64_t{1} << record_id::offset_bits) - 1;

error damaged(record_id record) {
  return {errc::store_failed, "journal record " + std::to_string(record.shard()) + ":" + std::to_string(record.offset())
                                + " is damaged: the store cannot be read any more"};
}

} // namespace

digest id_of(const reading_event& event) noexcept {
  const reading& r = event.reading;
  std::string bytes;
  byte_writer w(bytes);
  w.text("reading");
  w.number(event.meter.number);
  w.text(name_of(r.quantity));
  w.signed_number(r.period.number);
  w.number(r.version);
  w.signed_number(r.content.wh);
  w.text(name_of(r.content.quality));
  w.number(r.content.reasons.estimation);
  w.number(static_cast<std::uint8_t>(r.content.reasons.amendment));
  return sha256(bytes);
}

result<reading_topic> reading_topic::over(sqlite_database& database) {
  auto records = database.prepare(records_sql);
  if (!records)
    return records.failure();
  reading_topic out(database, std::move(*records));
  if (auto learnt = out.learn_names(); !learnt)
    return learnt.failure();
  return out;
}

result<void> reading_topic::learn_names() {
  auto slots = read_named_slots(*database_);
  if (!slots)
    return slots.failure();
  slots_ = std::move(*slots);
  auto sources = database_->prepare("SELECT number, name FROM sources");
  if (!sources)
    return sources.failure();
  while (sources->step())
    sources_.insert_or_assign(static_cast<std::uint32_t>(sources->integer(0)), std::string(sources->bytes(1)));
  auto runs = database_->prepare("SELECT number, known FROM runs");
  if (!runs)
    return runs.failure();
  while (runs->step())
    known_by_run_.insert_or_assign(static_cast<std::uint32_t>(runs->integer(0)), known_time{runs->optional_integer(1)});
  if (sources->failed() || runs->failed())
    return database_->failure("cannot read");
  return {};
}

result<reading_topic::batch> reading_topic::read(std::uint32_t shard, std::int64_t after, std::size_t readings) {
  batch out;
  out.last_offset = after;
  std::vector<std::pair<record_id, std::string>> bodies;
  records_.bind(1, record_id::of(shard, after).value);
  records_.bind(2, record_id::of(shard, last_offset_of_all).value);
  records_.bind(3, records_at_once);
  std::int64_t passed = 0;
  while (out.events.size() < readings && records_.step()) {
    const record_id record{records_.integer(0)};
    ++passed;
    out.last_offset = record.offset();
    if (records_.integer(1) != static_cast<std::int64_t>(record_kind::readings))
      continue;
    if (auto added = add_events(record, records_.bytes(2), out.events); !added) {
      records_.reset();
      return added.failure();
    }
  }
  const bool failed = records_.failed();
  records_.reset();
  if (failed)
    return database_->failure("cannot read");
  out.at_end = out.events.size() < readings && passed < records_at_once;
  return out;
}

result<void> reading_topic::add_events(record_id record, std::string_view body, std::vector<reading_event>& out) {
  byte_reader in(body);
  const auto run = static_cast<std::uint32_t>(in.number());
  std::vector<stored_reading> readings;
  std::uint32_t place = 0;
  while (!in.at_end()) {
    const auto transformer = static_cast<std::uint32_t>(in.number());
    const auto section = unpack(in.text());
    readings.clear();
    if (!in.ok() || !section || !decode_section(*section, readings))
      return damaged(record);
    for (const stored_reading& r : readings) {
      const auto known = [&] {
        const auto at = slots_.find(transformer);
        return at != slots_.end() && r.twin.value < at->second.meters.size() && sources_.contains(r.source)
               && known_by_run_.contains(run);
      };
      if (!known()) {
        if (auto learnt = learn_names(); !learnt)
          return learnt;
        if (!known())
          return damaged(record);
      }
      const named_slots& names = slots_.at(transformer);
      const period p = period_at(r.day, r.slot);
      out.push_back({record,
                     place++,
                     names.transformer,
                     names.meters[r.twin.value],
                     {r.quantity, p, r.version, r.content},
                     sources_.at(r.source),
                     r.line,
                     known_by_run_.at(run).of(p)});
    }
  }
  return in.ok() ? result<void>() : damaged(record);
}

} // namespace gridtwin
