#include "src/commands/lineage.hpp"

#include "src/store/transformer_day_reader.hpp"

#include <algorithm>
#include <unordered_map>

namespace gridtwin {

namespace {

/// Gathers one half hour's lineage from a store, part by part.
class tracer {
public:
  tracer(store_view& view, half_hour_lineage& out) : view_(view), out_(out) {
    const estate& e = view.estate();
    transformer_ = e.transformer_of(e.connections[out.connection.value]);
    number_ = view.topology().number_of[transformer_.value];
  }

  result<void> read_received();
  result<void> mark_what_stands();
  result<void> read_refused();
  result<void> read_sums();

private:
  std::string meter_text() const { return to_string(view_.estate().connections[out_.connection.value].mpan); }

  store_view& view_;
  half_hour_lineage& out_;
  transformer_index transformer_;
  transformer_number number_;
};

result<void> tracer::read_received() {
  store_reader& reader = view_.reader();
  const utc_day day = out_.period.day();
  auto records = reader.records_of(number_, day);
  if (!records)
    return records.failure();
  if (auto sorted = reader.sort_by_arrival(*records); !sorted)
    return sorted;
  records->erase(std::unique(records->begin(), records->end()), records->end());
  auto known = reader.known_by_run();
  if (!known)
    return known.failure();
  auto names = reader.database().prepare("SELECT name FROM sources WHERE number = ?1");
  if (!names)
    return names.failure();
  for (const record_id record : *records) {
    const auto journal = reader.journal_readings(record, number_);
    if (!journal)
      return journal.failure();
    for (const stored_reading& r : journal->readings) {
      if (r.twin != view_.topology().slot_of[out_.connection.value] || r.day != day || r.slot != out_.period.slot()
          || r.quantity != out_.quantity)
        continue;
      names->bind(1, r.source);
      const std::string source = names->step() ? std::string(names->bytes(0)) : std::string();
      names->reset();
      out_.received.push_back({r, source, journal->run, (*known)[journal->run].of(out_.period), false, false});
    }
  }
  return {};
}

/// Which of them stand, as the meter's twin has it.
result<void> tracer::mark_what_stands() {
  transformer_day_reader days(view_.cut(), transformer_);
  if (auto loaded = days.load(out_.period.day()); !loaded)
    return loaded;
  const auto place = days.place_of(view_.topology().slot_of[out_.connection.value]);
  const meter_day* const held = place ? days.twin(*place).find(out_.period.day(), out_.quantity) : nullptr;
  if (held == nullptr)
    return {};
  held->for_each_conflict([this](int slot, std::uint16_t version, const content&) {
    for (received_reading& r : out_.received)
      r.contradicted = r.contradicted || (slot == out_.period.slot() && r.reading.version == version);
  });
  const auto current = held->current(out_.period.slot());
  bool found = false; // the same reading that was known earlier stands twice in the journal
  for (received_reading& r : out_.received) {
    r.current = !found && current && r.reading.version == current->version && r.reading.content == current->content;
    found = found || r.current;
  }
  return {};
}

result<void> tracer::read_refused() {
  sqlite_database& database = view_.reader().database();
  auto rows =
    database.prepare("SELECT name, line, code, detail FROM rejects JOIN sources ON sources.number = rejects.source "
                     "WHERE meter = ?1 AND quantity = ?2 AND period_end = ?3 ORDER BY name, line, item");
  if (!rows)
    return rows.failure();
  const std::string meter = meter_text();
  const std::string end = format_period(out_.period);
  rows->bind_text(1, meter).bind_text(2, name_of(out_.quantity)).bind_text(3, end);
  while (rows->step())
    out_.refused.push_back({std::string(rows->bytes(0)), static_cast<std::uint64_t>(rows->integer(1)),
                            std::string(rows->bytes(2)), std::string(rows->bytes(3))});
  if (rows->failed())
    return database.failure("cannot read");
  const auto letters = list_letters(database, {{}, {}, view_.estate().connections[out_.connection.value].mpan});
  if (!letters)
    return letters.failure();
  for (const kept_letter& l : *letters)
    if (l.letter.reading.period == out_.period && l.letter.reading.quantity == out_.quantity)
      out_.letters.push_back(l);
  return {};
}

result<void> tracer::read_sums() {
  const auto feeders = view_.reader().loads(number_, out_.period.day());
  if (!feeders)
    return feeders.failure();
  const estate& e = view_.estate();
  const auto slot = static_cast<std::size_t>(out_.period.slot());
  for (const feeder_day_load& f : *feeders) {
    if (f.feeder == e.feeder_of(e.connections[out_.connection.value]).id)
      out_.feeder = f.load[slot];
    out_.transformer += f.load[slot];
  }
  const auto roots = hash_estate_day(view_, out_.period.day(), estate_key{});
  if (!roots)
    return roots.failure();
  out_.root = (*roots)[index_of(out_.quantity)];
  return {};
}

} // namespace

std::string quality_text(const content& c) {
  std::string out = "quality " + std::string(name_of(c.quality));
  if (c.reasons.estimation != 0)
    out += ", reason " + std::to_string(c.reasons.estimation);
  if (c.reasons.amendment != 0)
    (out += ", amendment ") += c.reasons.amendment;
  return out;
}

result<half_hour_lineage> trace_half_hour(store_view& view, mpan meter, period p, quantity q) {
  const estate& e = view.estate();
  std::optional<connection_index> found;
  bool known = false;
  for (std::uint32_t c = 0; c < e.connections.size() && !found; ++c) {
    if (e.connections[c].mpan != meter)
      continue;
    known = true;
    if (e.connections[c].effective.contains(p))
      found = connection_index{c};
  }
  if (!found)
    return error{errc::usage, known ? "no row of meter " + to_string(meter)
                                        + " in meters.csv holds the half hour that ends " + format_period(p)
                                    : "the store's estate has no meter " + to_string(meter)};
  half_hour_lineage out;
  out.connection = *found;
  out.period = p;
  out.quantity = q;
  tracer t(view, out);
  for (const auto step : {&tracer::read_received, &tracer::mark_what_stands, &tracer::read_refused, &tracer::read_sums})
    if (auto done = (t.*step)(); !done)
      return done.failure();
  return out;
}

} // namespace gridtwin
