#include "src/commands/export.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace gridtwin {

namespace {

constexpr const char* make_table =
  "CREATE TEMP TABLE listed(source TEXT, line TEXT, meter TEXT, quantity TEXT, period_end TEXT, code TEXT, detail "
  "TEXT);"
  "INSERT INTO listed SELECT name, CAST(line AS TEXT), meter, quantity, period_end, code, detail "
  "FROM rejects JOIN sources ON sources.number = rejects.source";

/// A content of a contradicted key, for finding where it came from.
bool same_content(const stored_reading& a, const stored_reading& b) noexcept {
  return a.twin == b.twin && a.slot == b.slot && a.quantity == b.quantity && a.version == b.version
         && a.content == b.content;
}

std::string describe(const stored_reading& r, std::size_t contents) {
  return std::to_string(r.content.wh) + " Wh, quality " + std::string(name_of(r.content.quality)) + ", version "
         + std::to_string(r.version) + ": one of " + std::to_string(contents) + " contents for this half hour";
}

/// Adds the contradicting readings of a transformer's day, with their lineage from the journal.
class conflict_lister {
public:
  static result<conflict_lister> make(store_view& view) {
    auto put = view.reader().database().prepare("INSERT INTO listed VALUES (?1, ?2, ?3, ?4, ?5, 'conflict', ?6)");
    if (!put)
      return put.failure();
    conflict_lister out(view, std::move(*put));
    auto names = view.reader().database().prepare("SELECT number, name FROM sources");
    if (!names)
      return names.failure();
    while (names->step())
      out.sources_.emplace(static_cast<std::uint32_t>(names->integer(0)), std::string(names->bytes(1)));
    return out;
  }

  result<void> add(transformer_index t, utc_day day) {
    transformer_day_reader reader(*view_, t);
    if (auto loaded = reader.load(day); !loaded)
      return loaded;
    std::vector<stored_reading> conflicts;
    for (std::size_t place = 0; place < reader.size(); ++place)
      for (const quantity q : quantities_by_name)
        if (const meter_day* const readings = reader.twin(place).find(day, q))
          readings->for_each_conflict([&](int slot, std::uint16_t version, const content& c) {
            conflicts.push_back(
              {reader.twins().slots[place], day, static_cast<std::uint8_t>(slot), false, q, version, c, 0, 0});
          });
    const transformer_number number = view_->topology().number_of[t.value];
    const auto records = view_->reader().records_of(number, day);
    if (!records)
      return records.failure();
    for (const record_id record : *records) {
      const auto journal = view_->reader().journal_readings(record, number);
      if (!journal)
        return journal.failure();
      for (const stored_reading& r : *journal)
        for (const stored_reading& c : conflicts)
          if (r.day == day && same_content(r, c))
            if (auto listed = list(r, conflicts, reader); !listed)
              return listed;
    }
    return {};
  }

private:
  conflict_lister(store_view& view, sqlite_statement put) : view_(&view), put_(std::move(put)) {}

  result<void> list(const stored_reading& r, const std::vector<stored_reading>& conflicts,
                    const transformer_day_reader& reader) {
    const auto contents = std::count_if(conflicts.begin(), conflicts.end(), [&](const stored_reading& c) {
      return c.twin == r.twin && c.slot == r.slot && c.quantity == r.quantity && c.version == r.version;
    });
    const std::string line = std::to_string(r.line);
    const std::string meter = to_string(reader.twin(*reader.place_of(r.twin)).meter().mpan);
    const std::string period_end = format_period(period_at(r.day, r.slot));
    const std::string detail = describe(r, static_cast<std::size_t>(contents));
    put_.bind_text(1, sources_[r.source]).bind_text(2, line).bind_text(3, meter).bind_text(4, name_of(r.quantity));
    put_.bind_text(5, period_end).bind_text(6, detail);
    if (!put_.run())
      return view_->reader().database().failure("cannot sort what is refused in");
    return {};
  }

  store_view* view_;
  sqlite_statement put_;
  std::unordered_map<std::uint32_t, std::string> sources_;
};

result<void> list_conflicts(store_view& view) {
  auto lister = conflict_lister::make(view);
  if (!lister)
    return lister.failure();
  std::unordered_map<std::uint32_t, std::uint32_t> index_of_number;
  for (std::uint32_t i = 0; i < view.topology().number_of.size(); ++i)
    index_of_number.emplace(view.topology().number_of[i].value, i);
  const auto days = view.reader().contradicted_days();
  if (!days)
    return days.failure();
  for (const auto& [number, day] : *days)
    if (const auto t = index_of_number.find(number.value); t != index_of_number.end())
      if (auto added = lister->add({t->second}, day); !added)
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
  auto rows = database.prepare("SELECT source, line, meter, quantity, period_end, code, detail FROM listed "
                               "ORDER BY source, line, meter, quantity, period_end, code, detail");
  if (!rows)
    return rows.failure();
  const auto meters = meters_in(view.estate(), scope);
  while (rows->step()) {
    if ((meters && !meters->contains(std::string(rows->bytes(2)))) || !in_range(scope, rows->bytes(4)))
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
