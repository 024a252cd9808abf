#include "src/commands/export.hpp"
#include "src/commands/lineage.hpp"

#include <algorithm>
#include <compare>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace gridtwin {

namespace {

// A reading that nobody could judge was a reject before there were dead letters: as one of them it is listed once,
// while it waits. Both are known by the same identity.
constexpr const char* make_table =
  "CREATE TEMP TABLE listed(source TEXT, line TEXT, meter TEXT, quantity TEXT, period_end TEXT, code TEXT, detail "
  "TEXT, known INTEGER);"
  "INSERT INTO listed SELECT name, CAST(line AS TEXT), meter, quantity, period_end, code, detail, known "
  "FROM rejects JOIN sources ON sources.number = rejects.source WHERE NOT EXISTS (SELECT 1 FROM dead_letters AS d "
  "WHERE d.source = rejects.source AND d.line = rejects.line AND d.item = rejects.item AND d.identity = "
  "rejects.identity);"
  "INSERT INTO listed SELECT name, CAST(line AS TEXT), mpan, quantity, strftime('%Y-%m-%dT%H:%M:%SZ', period * 1800, "
  "'unixepoch'), 'twin-failed', detail, known FROM dead_letters JOIN sources ON sources.number = dead_letters.source "
  "WHERE state = 'waiting'";

/// A contradicted key of one transformer.
struct conflict_key {
  utc_day day;
  twin_slot twin;
  std::uint8_t slot = 0;
  quantity of = quantity::active_import;
  std::uint16_t version = 1;
  auto operator<=>(const conflict_key&) const = default;
};

conflict_key key_of(const stored_reading& r) noexcept { return {r.day, r.twin, r.slot, r.quantity, r.version}; }

std::string describe(const stored_reading& r, std::size_t contents) {
  return std::to_string(r.content.wh) + " Wh, " + quality_text(r.content) + ", version " + std::to_string(r.version)
         + ": one of " + std::to_string(contents) + " contents for this half hour";
}

/// Lists contradicting readings with their lineage from the journal, transformer by transformer.
class conflict_lister {
public:
  static result<conflict_lister> make(store_view& view) {
    auto put = view.reader().database().prepare("INSERT INTO listed VALUES (?1, ?2, ?3, ?4, ?5, 'conflict', ?6, ?7)");
    if (!put)
      return put.failure();
    conflict_lister out(view, std::move(*put));
    auto names = view.reader().database().prepare("SELECT number, name FROM sources");
    if (!names)
      return names.failure();
    while (names->step())
      out.sources_.emplace(static_cast<std::uint32_t>(names->integer(0)), std::string(names->bytes(1)));
    auto known = view.reader().known_by_run();
    if (!known)
      return known.failure();
    out.known_ = std::move(*known);
    return out;
  }

  /// `days`: those of the transformer on which some key is contradicted.
  result<void> add(transformer_index t, const std::vector<utc_day>& days) {
    transformer_day_reader reader(view_->cut(), t);
    const transformer_number number = view_->topology().number_of[t.value];
    std::map<conflict_key, std::size_t> contents; // how many, by key
    std::map<conflict_key, std::vector<content>> listed;
    std::vector<record_id> records;
    for (const utc_day day : days) {
      if (auto loaded = reader.load(day); !loaded)
        return loaded;
      for (std::size_t place = 0; place < reader.size(); ++place)
        for (const quantity q : quantities_by_name)
          if (const meter_day* const readings = reader.twin(place).find(day, q))
            readings->for_each_conflict([&](int slot, std::uint16_t version, const content&) {
              ++contents[{day, reader.twins().slots[place], static_cast<std::uint8_t>(slot), q, version}];
            });
      const auto of_day = view_->reader().records_of(number, day);
      if (!of_day)
        return of_day.failure();
      records.insert(records.end(), of_day->begin(), of_day->end());
    }
    if (auto sorted = view_->reader().sort_by_arrival(records); !sorted)
      return sorted;
    records.erase(std::unique(records.begin(), records.end()), records.end());
    for (const record_id record : records) {
      const auto journal = view_->reader().journal_readings(record, number);
      if (!journal)
        return journal.failure();
      const known_time known = known_[journal->run];
      for (const stored_reading& r : journal->readings) {
        const auto at = contents.find(key_of(r));
        if (at == contents.end() || !shown(known, period_at(r.day, r.slot)))
          continue;
        auto& done = listed[at->first]; // one that came again, known earlier, stands twice in the journal
        if (std::find(done.begin(), done.end(), r.content) != done.end())
          continue;
        done.push_back(r.content);
        if (auto put = list(r, at->second, known, reader); !put)
          return put;
      }
    }
    return {};
  }

private:
  conflict_lister(store_view& view, sqlite_statement put) : view_(&view), put_(std::move(put)) {}

  bool shown(const known_time& known, period p) const noexcept {
    return !view_->as_known_at() || known.of(p) <= *view_->as_known_at();
  }

  result<void> list(const stored_reading& r, std::size_t contents, const known_time& known,
                    const transformer_day_reader& reader) {
    const std::string line = std::to_string(r.line);
    const std::string meter = to_string(reader.meter(*reader.place_of(r.twin)).mpan);
    const std::string period_end = format_period(period_at(r.day, r.slot));
    const std::string detail = describe(r, contents);
    put_.bind_text(1, sources_[r.source]).bind_text(2, line).bind_text(3, meter).bind_text(4, name_of(r.quantity));
    put_.bind_text(5, period_end).bind_text(6, detail).bind_optional(7, known.at_s);
    if (!put_.run())
      return view_->reader().database().failure("cannot sort what is refused in");
    return {};
  }

  store_view* view_;
  sqlite_statement put_;
  std::unordered_map<std::uint32_t, std::string> sources_;
  std::unordered_map<std::uint32_t, known_time> known_; ///< by run
};

result<void> list_conflicts(store_view& view) {
  auto lister = conflict_lister::make(view);
  if (!lister)
    return lister.failure();
  const auto days = view.reader().contradicted_days();
  if (!days)
    return days.failure();
  std::unordered_map<std::uint32_t, std::vector<utc_day>> by_number;
  for (const auto& [number, day] : *days)
    by_number[number.value].push_back(day);
  for (std::uint32_t i = 0; i < view.topology().number_of.size(); ++i)
    if (const auto at = by_number.find(view.topology().number_of[i].value); at != by_number.end())
      if (auto added = lister->add({i}, at->second); !added)
        return added;
  return {};
}

/// Meters in scope, as they are printed; nothing: all, unknown ones too.
std::optional<std::unordered_set<std::string>> meters_in(const estate& e, const export_scope& scope) {
  if (!scope.transformer && !scope.feeder && !scope.meter)
    return std::nullopt;
  std::unordered_set<std::string> out;
  for (const connection& c : e.connections)
    if (scope.holds(e, c) && scope.holds(e, e.transformer_of(c)))
      out.insert(to_string(c.mpan));
  return out;
}

/// Whether a row was known at an instant. One without a readable period or a time of its run has been known for ever.
bool was_known(std::optional<std::int64_t> known, std::string_view period_end, std::int64_t instant) {
  if (known)
    return *known <= instant;
  const auto end = parse_instant(period_end);
  return !end || *end <= instant;
}

bool in_range(const export_scope& scope, std::string_view period_end) {
  const bool everything = scope.range.contains(first_storable_period) && scope.range.contains(last_storable_period);
  if (everything)
    return true;
  const auto end = parse_instant(period_end);
  return end && scope.range.contains({static_cast<std::int32_t>(*end / seconds_per_period)});
}

} // namespace

result<void> export_rejects(store_view& view, const export_scope& scope, table_writer& out) {
  out.header({{"source"}, {"line", true}, {"mpan"}, {"quantity"}, {"period_end"}, {"code"}, {"detail"}});
  sqlite_database& database = view.reader().database();
  if (auto made = database.execute(make_table); !made)
    return made;
  if (auto listed = list_conflicts(view); !listed)
    return listed;
  auto rows = database.prepare("SELECT source, line, meter, quantity, period_end, code, detail, known FROM listed "
                               "ORDER BY source, line, meter, quantity, period_end, code, detail");
  if (!rows)
    return rows.failure();
  const auto meters = meters_in(view.estate(), scope);
  while (rows->step()) {
    if ((meters && !meters->contains(std::string(rows->bytes(2)))) || !in_range(scope, rows->bytes(4)))
      continue;
    if (view.as_known_at() && !was_known(rows->optional_integer(7), rows->bytes(4), *view.as_known_at()))
      continue;
    // A column's bytes stand until the next step: the row is written before.
    out.row(
      {rows->bytes(0), rows->bytes(1), rows->bytes(2), rows->bytes(3), rows->bytes(4), rows->bytes(5), rows->bytes(6)});
  }
  if (rows->failed())
    return database.failure("cannot read");
  return {};
}

} // namespace gridtwin
