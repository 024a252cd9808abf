#include "src/alarms/alarm_book.hpp"

#include <limits>
#include <string>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::int64_t format = 1;

// Periods as `gridtwin::period` counts them, instants in seconds since the epoch.
constexpr const char* schema = R"(
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS alarms(
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, transformer TEXT NOT NULL, mpan TEXT NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, half_hours INTEGER NOT NULL, peak INTEGER NOT NULL,
  peak_utilisation INTEGER NOT NULL, reported INTEGER NOT NULL, expected INTEGER NOT NULL, raised_at INTEGER NOT NULL,
  ended_at INTEGER, acknowledged_at INTEGER, acknowledged_by TEXT, acknowledged_why TEXT);
CREATE INDEX IF NOT EXISTS alarms_of_transformer ON alarms(transformer, kind, first);
CREATE INDEX IF NOT EXISTS standing_alarms ON alarms(id) WHERE state = 'raised';
CREATE TABLE IF NOT EXISTS events(id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, what TEXT NOT NULL,
                                  body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS progress(shard INTEGER PRIMARY KEY, last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS seen(transformer INTEGER PRIMARY KEY, newest BLOB NOT NULL);
PRAGMA user_version = 1;
COMMIT;
PRAGMA synchronous = FULL;
)";
/// Row of `progress` that says from when on meters are waited for.
constexpr std::int64_t since_row = -1;

constexpr char columns[] =
  "id, kind, state, transformer, mpan, first, last, half_hours, peak, peak_utilisation, reported, expected, raised_at, "
  "ended_at, acknowledged_at, acknowledged_by, acknowledged_why";

constexpr auto all_sql = join_sql("SELECT ", columns, " FROM alarms ORDER BY id");
constexpr auto standing_sql = join_sql("SELECT ", columns, " FROM alarms WHERE state = 'raised' ORDER BY id");
constexpr auto one_sql = join_sql("SELECT ", columns, " FROM alarms WHERE id = ?1");
constexpr auto overloads_sql =
  join_sql("SELECT ", columns,
           " FROM alarms WHERE transformer = ?1 AND kind = 'overload' AND state <> 'withdrawn' AND first <= ?3 AND "
           "last >= ?2 ORDER BY id");
constexpr auto put_sql = join_sql("INSERT OR REPLACE INTO alarms(", columns,
                                  ") VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)");

std::filesystem::path file_of(const std::filesystem::path& store) { return store / "alarms.db"; }

error unusable(const std::filesystem::path& file, std::string_view what) {
  return {errc::store_unusable, file.string() + " " + std::string(what)};
}

period period_of(const sqlite_statement& row, int column) { return {static_cast<std::int32_t>(row.integer(column))}; }

/// Nothing where the row is none of ours.
std::optional<alarm_record> alarm_of(const sqlite_statement& row) {
  const auto kind = parse_alarm_kind(row.bytes(1));
  const auto state = parse_alarm_state(row.bytes(2));
  if (!kind || !state)
    return std::nullopt;
  alarm_record a;
  a.id = row.integer(0);
  a.kind = *kind;
  a.state = *state;
  a.transformer = row.bytes(3);
  a.mpan = row.bytes(4);
  a.first = period_of(row, 5);
  a.last = period_of(row, 6);
  a.half_hours = static_cast<std::uint32_t>(row.integer(7));
  a.peak = period_of(row, 8);
  a.peak_utilisation = row.integer(9);
  a.reported = static_cast<std::uint32_t>(row.integer(10));
  a.expected = static_cast<std::uint32_t>(row.integer(11));
  a.raised_at_s = row.integer(12);
  a.ended_at_s = row.optional_integer(13);
  if (const auto at = row.optional_integer(14))
    a.acknowledged = acknowledgement{*at, std::string(row.bytes(15)), std::string(row.bytes(16))};
  return a;
}

} // namespace

result<alarm_book> alarm_book::open(const std::filesystem::path& store) {
  auto database = sqlite_database::open(file_of(store), sqlite_database::mode::create);
  if (!database)
    return database.failure();
  auto version = database->prepare("PRAGMA user_version");
  if (!version || !version->step())
    return unusable(file_of(store), "is no book of alarms");
  const std::int64_t found = version->integer(0);
  version->reset();
  if (found > format)
    return unusable(file_of(store), "was written by a later version of gridtwin");
  if (auto made = database->execute(schema); !made)
    return made.failure();
  return alarm_book(std::move(*database));
}

result<std::optional<alarm_book>> alarm_book::open_existing(const std::filesystem::path& store) {
  std::error_code failed;
  if (!std::filesystem::exists(file_of(store), failed))
    return std::optional<alarm_book>();
  auto opened = open(store);
  if (!opened)
    return opened.failure();
  return std::optional<alarm_book>(std::move(*opened));
}

result<std::vector<alarm_record>> alarm_book::read(result<sqlite_statement> rows) {
  if (!rows)
    return rows.failure();
  std::vector<alarm_record> out;
  while (rows->step()) {
    auto a = alarm_of(*rows);
    if (!a)
      return error{errc::store_unusable, "the book of alarms holds one of an unknown kind or state"};
    out.push_back(std::move(*a));
  }
  if (rows->failed())
    return database_.failure("cannot read alarms");
  return out;
}

result<std::vector<alarm_record>> alarm_book::all() { return read(database_.prepare(all_sql)); }

result<std::vector<alarm_record>> alarm_book::standing() { return read(database_.prepare(standing_sql)); }

result<std::optional<alarm_record>> alarm_book::find(std::int64_t id) {
  auto rows = database_.prepare(one_sql);
  if (rows)
    rows->bind(1, id);
  auto found = read(std::move(rows));
  if (!found)
    return found.failure();
  return found->empty() ? std::optional<alarm_record>() : std::optional(std::move(found->front()));
}

result<std::vector<alarm_record>> alarm_book::overloads_of(std::string_view transformer, period first, period last) {
  auto rows = database_.prepare(overloads_sql);
  if (rows)
    rows->bind_text(1, transformer).bind(2, first.number).bind(3, last.number);
  return read(std::move(rows));
}

result<std::vector<alarm_event>> alarm_book::events_after(std::int64_t id, std::size_t most) {
  auto rows = database_.prepare("SELECT id, at, what, body FROM events WHERE id > ?1 ORDER BY id LIMIT ?2");
  if (!rows)
    return rows.failure();
  rows->bind(1, id).bind(2, static_cast<std::int64_t>(most));
  std::vector<alarm_event> out;
  while (rows->step())
    out.push_back({rows->integer(0), rows->integer(1), std::string(rows->bytes(2)), std::string(rows->bytes(3))});
  if (rows->failed())
    return database_.failure("cannot read alarms");
  return out;
}

result<std::int64_t> alarm_book::number(result<sqlite_statement> query) {
  if (!query)
    return query.failure();
  return query->step() ? result<std::int64_t>(query->integer(0)) : database_.failure("cannot read alarms");
}

result<std::int64_t> alarm_book::last_event() {
  return number(database_.prepare("SELECT coalesce(max(id), 0) FROM events"));
}

result<std::int64_t> alarm_book::last_event_before(std::int64_t at_s) {
  auto query = database_.prepare("SELECT coalesce((SELECT min(id) - 1 FROM events WHERE at >= ?1), "
                                 "(SELECT max(id) FROM events), 0)");
  if (query)
    query->bind(1, at_s);
  return number(std::move(query));
}

result<alarm_book::progress> alarm_book::read_progress() {
  auto rows = database_.prepare("SELECT shard, last FROM progress");
  if (!rows)
    return rows.failure();
  progress out;
  while (rows->step()) {
    const std::int64_t shard = rows->integer(0);
    if (shard == since_row)
      out.since = period_of(*rows, 1);
    else if (shard >= 0 && shard < static_cast<std::int64_t>(shard_count))
      out.offsets[static_cast<std::size_t>(shard)] = rows->integer(1);
  }
  if (rows->failed())
    return database_.failure("cannot read alarms");
  return out;
}

result<std::vector<std::pair<std::uint32_t, std::string>>> alarm_book::read_seen() {
  auto rows = database_.prepare("SELECT transformer, newest FROM seen");
  if (!rows)
    return rows.failure();
  std::vector<std::pair<std::uint32_t, std::string>> out;
  while (rows->step())
    out.emplace_back(static_cast<std::uint32_t>(rows->integer(0)), std::string(rows->bytes(1)));
  if (rows->failed())
    return database_.failure("cannot read alarms");
  return out;
}

result<void> alarm_book::put(alarm_record& a, std::string_view what, std::int64_t at_s) {
  auto row = database_.prepare(put_sql);
  auto event = database_.prepare("INSERT INTO events(at, what, body) VALUES (?1, ?2, ?3)");
  if (!row || !event)
    return database_.failure("cannot write alarms");
  row->bind_optional(1, a.id == 0 ? std::nullopt : std::optional(a.id))
    .bind_text(2, name_of(a.kind))
    .bind_text(3, name_of(a.state))
    .bind_text(4, a.transformer)
    .bind_text(5, a.mpan);
  row->bind(6, a.first.number).bind(7, a.last.number).bind(8, a.half_hours).bind(9, a.peak.number);
  row->bind(10, a.peak_utilisation).bind(11, a.reported).bind(12, a.expected).bind(13, a.raised_at_s);
  row->bind_optional(14, a.ended_at_s);
  if (a.acknowledged)
    row->bind(15, a.acknowledged->at_s).bind_text(16, a.acknowledged->who).bind_text(17, a.acknowledged->why);
  if (!row->run())
    return database_.failure("cannot write alarms");
  if (a.id == 0)
    a.id = database_.last_id();
  const std::string body = alarm_json(a);
  event->bind(1, at_s).bind_text(2, what).bind_text(3, body);
  return event->run() ? result<void>() : database_.failure("cannot write alarms");
}

result<void> alarm_book::write(change& c) {
  return database_.in_transaction([&]() -> result<void> {
    for (auto& [a, what] : c.alarms) {
      if (a.id != 0) { // somebody may have acknowledged it meanwhile
        const auto kept = find(a.id);
        if (!kept)
          return kept.failure();
        if (*kept)
          a.acknowledged = (*kept)->acknowledged;
      }
      if (auto done = put(a, what, c.at_s); !done)
        return done;
    }
    auto reached = database_.prepare("INSERT OR REPLACE INTO progress(shard, last) VALUES (?1, ?2)");
    auto seen = database_.prepare("INSERT OR REPLACE INTO seen(transformer, newest) VALUES (?1, ?2)");
    if (!reached || !seen)
      return database_.failure("cannot write alarms");
    for (std::uint32_t shard = 0; shard < shard_count; ++shard)
      if (!reached->bind(1, shard).bind(2, c.reached.offsets[shard]).run())
        return database_.failure("cannot write alarms");
    if (c.reached.since && !reached->bind(1, since_row).bind(2, c.reached.since->number).run())
      return database_.failure("cannot write alarms");
    for (const auto& [transformer, newest] : c.seen)
      if (!seen->bind(1, transformer).bind_blob(2, newest).run())
        return database_.failure("cannot write alarms");
    return {};
  });
}

result<std::optional<alarm_record>> alarm_book::acknowledge(std::int64_t id, const acknowledgement& by) {
  std::optional<alarm_record> out;
  auto done = database_.in_transaction([&]() -> result<void> {
    auto found = find(id);
    if (!found)
      return found.failure();
    out = std::move(*found);
    if (!out || out->acknowledged)
      return {};
    out->acknowledged = by;
    return put(*out, "acknowledged", by.at_s);
  });
  if (!done)
    return done.failure();
  return out;
}

} // namespace gridtwin
