#include "src/store/reading_topic.hpp"

#include "src/store/bytes.hpp"

#include <string>
#include <utility>

namespace gridtwin {

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
  auto scan = reading_scan::over(database);
  if (!scan)
    return scan.failure();
  reading_topic out(database, std::move(*scan));
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
  const auto read =
    scan_.read(shard, after, readings, [&](const scanned_reading& r) { return add_event(r, out.events); });
  if (!read)
    return read.failure();
  out.last_offset = read->last_offset;
  out.at_end = read->at_end;
  return out;
}

bool reading_topic::knows(const scanned_reading& r) const {
  const auto at = slots_.find(r.transformer.value);
  return at != slots_.end() && r.reading.twin.value < at->second.meters.size() && sources_.contains(r.reading.source)
         && known_by_run_.contains(r.run);
}

result<void> reading_topic::add_event(const scanned_reading& scanned, std::vector<reading_event>& out) {
  if (!knows(scanned)) {
    if (auto learnt = learn_names(); !learnt)
      return learnt;
    if (!knows(scanned))
      return damaged(scanned.record);
  }
  const stored_reading& r = scanned.reading;
  const named_slots& names = slots_.at(scanned.transformer.value);
  const period p = period_at(r.day, r.slot);
  out.push_back({scanned.record,
                 scanned.place,
                 names.transformer,
                 names.meters[r.twin.value],
                 {r.quantity, p, r.version, r.content},
                 sources_.at(r.source),
                 r.line,
                 known_by_run_.at(scanned.run).of(p)});
  return {};
}

} // namespace gridtwin
