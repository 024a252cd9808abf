#include "src/push/push_store.hpp"

#include "config/printable_text.hpp"
#include "src/push/push_bounds.hpp"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace gridtwin {

namespace {

constexpr const char* webhooks_file = "webhooks.db";
// Instants in seconds since the epoch; positions as `event_position.hpp` writes them.
constexpr const char* webhook_tables = R"(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
CREATE TABLE IF NOT EXISTS webhooks(
  name TEXT PRIMARY KEY, topic TEXT NOT NULL, position TEXT NOT NULL, url TEXT NOT NULL, reader TEXT NOT NULL,
  paused INTEGER NOT NULL DEFAULT 0, delivered_at INTEGER, failing_at INTEGER, attempts INTEGER NOT NULL DEFAULT 0,
  trouble TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS letters(
  id INTEGER PRIMARY KEY AUTOINCREMENT, webhook TEXT NOT NULL, topic TEXT NOT NULL, after TEXT NOT NULL,
  until TEXT NOT NULL, events INTEGER NOT NULL, status INTEGER NOT NULL, reason TEXT NOT NULL,
  attempts INTEGER NOT NULL, at INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS letters_of_webhook ON letters(webhook, state, id);
CREATE TABLE IF NOT EXISTS requests(
  webhook TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, correlation TEXT NOT NULL,
  recipient TEXT NOT NULL, uri TEXT NOT NULL, stage TEXT NOT NULL, status TEXT NOT NULL, answer INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL, events INTEGER NOT NULL, bytes INTEGER NOT NULL, attempt INTEGER NOT NULL,
  trouble TEXT NOT NULL, PRIMARY KEY(webhook, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS acts(
  id INTEGER PRIMARY KEY AUTOINCREMENT, webhook TEXT NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL,
  act TEXT NOT NULL, subject TEXT NOT NULL, why TEXT NOT NULL, told INTEGER NOT NULL DEFAULT 0);
)";

constexpr std::int64_t all_letters = -1; ///< of a LIMIT

constexpr std::array all_letter_states{push_letter_state::waiting, push_letter_state::queued,
                                       push_letter_state::settled, push_letter_state::dropped};

std::string text_at(const sqlite_statement& row, int column) { return std::string(row.bytes(column)); }

push_letter letter_of(const sqlite_statement& row) {
  push_letter out;
  out.id = row.integer(0);
  out.webhook = text_at(row, 1);
  out.topic = text_at(row, 2);
  out.after = text_at(row, 3);
  out.until = text_at(row, 4);
  out.events = row.integer(5);
  out.status = static_cast<unsigned>(row.integer(6));
  out.reason = text_at(row, 7);
  out.attempts = row.integer(8);
  out.at_s = row.integer(9);
  for (const push_letter_state one : all_letter_states)
    if (name_of(one) == row.bytes(10))
      out.state = one;
  return out;
}

push_record record_of(const sqlite_statement& row) {
  push_record out;
  out.webhook = text_at(row, 0);
  out.number = row.integer(1);
  out.at_s = row.integer(2);
  out.correlation = text_at(row, 3);
  out.recipient = text_at(row, 4);
  out.uri = text_at(row, 5);
  out.stage = text_at(row, 6);
  out.status = text_at(row, 7);
  out.answer = static_cast<unsigned>(row.integer(8));
  out.duration_ms = row.integer(9);
  out.events = row.integer(10);
  out.bytes = row.integer(11);
  out.attempt = row.integer(12);
  out.trouble = text_at(row, 13);
  return out;
}

} // namespace

std::string_view name_of(push_letter_state state) noexcept {
  constexpr std::array<std::string_view, all_letter_states.size()> names{"waiting", "queued", "settled", "dropped"};
  return names[static_cast<std::size_t>(state)];
}

result<std::unique_ptr<push_store>> push_store::open(const std::filesystem::path& folder) {
  auto database = sqlite_database::open(folder / webhooks_file, sqlite_database::mode::create);
  if (!database)
    return database.failure();
  if (auto made = database->execute(webhook_tables); !made)
    return made.failure();
  return std::unique_ptr<push_store>(new push_store(std::move(*database)));
}

result<std::unique_ptr<push_store>> push_store::open_existing(const std::filesystem::path& folder,
                                                              sqlite_database::mode how) {
  std::error_code unseen;
  if (!std::filesystem::exists(folder / webhooks_file, unseen))
    return std::unique_ptr<push_store>();
  auto database = sqlite_database::open(folder / webhooks_file, how);
  if (!database)
    return database.failure();
  if (how != sqlite_database::mode::read)
    if (auto set = database->execute("PRAGMA synchronous = FULL"); !set)
      return set.failure();
  return std::unique_ptr<push_store>(new push_store(std::move(*database)));
}

result<void> push_store::run(sqlite_statement& statement) {
  return statement.run() ? result<void>() : result<void>(database_.failure("cannot write"));
}

result<std::vector<push_standing>> push_store::read_standings(std::string_view webhook) {
  auto rows = database_.prepare(
    "SELECT name, topic, position, url, reader, paused, delivered_at, failing_at, attempts, trouble, "
    "(SELECT count(*) FROM letters WHERE webhook = name AND state IN ('waiting', 'queued')) FROM webhooks "
    "WHERE ?1 = '' OR name = ?1 ORDER BY name");
  if (!rows)
    return rows.failure();
  rows->bind_text(1, webhook);
  std::vector<push_standing> out;
  while (rows->step())
    out.push_back({text_at(*rows, 0), text_at(*rows, 1), text_at(*rows, 2), text_at(*rows, 3), text_at(*rows, 4),
                   rows->integer(5) != 0, rows->optional_integer(6), rows->optional_integer(7), rows->integer(8),
                   text_at(*rows, 9), rows->integer(10)});
  if (rows->failed())
    return database_.failure("cannot read");
  return out;
}

result<std::vector<push_standing>> push_store::list() { return read_standings({}); }

result<std::optional<push_standing>> push_store::find(const std::string& webhook) {
  auto found = read_standings(webhook);
  if (!found)
    return found.failure();
  return found->empty() ? std::optional<push_standing>() : std::optional(std::move(found->front()));
}

result<void> push_store::enter(const push_standing& fresh) {
  return database_.in_transaction([&]() -> result<void> {
    const auto there = find(fresh.webhook);
    if (!there)
      return there.failure();
    if (*there && (*there)->topic != fresh.topic)
      return error{errc::usage, "webhook " + in_quotes(fresh.webhook) + " has delivered the topic " + (*there)->topic
                                  + " until now: a webhook of another topic needs another name"};
    auto put = *there ? database_.prepare("UPDATE webhooks SET url = ?4, reader = ?5 WHERE name = ?1")
                      : database_.prepare("INSERT INTO webhooks(name, topic, position, url, reader) "
                                          "VALUES(?1, ?2, ?3, ?4, ?5)");
    if (!put)
      return put.failure();
    put->bind_text(1, fresh.webhook).bind_text(4, fresh.url).bind_text(5, fresh.reader);
    if (!*there)
      put->bind_text(2, fresh.topic).bind_text(3, fresh.position);
    return run(*put);
  });
}

result<void> push_store::move(const std::string& webhook, const std::string& position) {
  auto put = database_.prepare("UPDATE webhooks SET position = ?2 WHERE name = ?1");
  if (!put)
    return put.failure();
  put->bind_text(1, webhook).bind_text(2, position);
  return run(*put);
}

result<void> push_store::put_record(const push_record& r) {
  auto put = database_.prepare(
    "INSERT INTO requests VALUES(?1, (SELECT coalesce(max(number), 0) + 1 FROM requests WHERE webhook = ?1), "
    "?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)");
  if (!put)
    return put.failure();
  put->bind_text(1, r.webhook).bind(2, r.at_s).bind_text(3, r.correlation).bind_text(4, r.recipient);
  put->bind_text(5, r.uri).bind_text(6, r.stage).bind_text(7, r.status).bind(8, r.answer).bind(9, r.duration_ms);
  put->bind(10, r.events).bind(11, r.bytes).bind(12, r.attempt).bind_text(13, r.trouble);
  if (auto done = run(*put); !done)
    return done;
  auto old = database_.prepare("DELETE FROM requests WHERE webhook = ?1 AND number <= "
                               "(SELECT max(number) FROM requests WHERE webhook = ?1) - ?2");
  if (!old)
    return old.failure();
  old->bind_text(1, r.webhook).bind(2, push_bounds::journal_rows);
  return run(*old);
}

result<void> push_store::put_letter(const push_letter& l) {
  auto put = database_.prepare("INSERT OR REPLACE INTO letters VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
  if (!put)
    return put.failure();
  put->bind_optional(1, l.id == 0 ? std::nullopt : std::optional(l.id)).bind_text(2, l.webhook).bind_text(3, l.topic);
  put->bind_text(4, l.after).bind_text(5, l.until).bind(6, l.events).bind(7, l.status).bind_text(8, l.reason);
  put->bind(9, l.attempts).bind(10, l.at_s).bind_text(11, name_of(l.state));
  if (auto done = run(*put); !done)
    return done;
  auto old = database_.prepare(
    "DELETE FROM letters WHERE webhook = ?1 AND state IN ('settled', 'dropped') AND id <= coalesce((SELECT id FROM "
    "letters WHERE webhook = ?1 AND state IN ('settled', 'dropped') ORDER BY id DESC LIMIT 1 OFFSET ?2), 0)");
  if (!old)
    return old.failure();
  old->bind_text(1, l.webhook).bind(2, push_bounds::letters);
  return run(*old);
}

result<void> push_store::record(const push_record& request, const outcome& came) {
  return database_.in_transaction([&]() -> result<void> {
    if (!request.stage.empty())
      if (auto put = put_record(request); !put)
        return put;
    for (const push_letter& letter : came.letters)
      if (auto put = put_letter(letter); !put)
        return put;
    auto row = database_.prepare(
      "UPDATE webhooks SET position = coalesce(?2, position), delivered_at = CASE WHEN ?3 THEN ?4 ELSE delivered_at "
      "END, failing_at = CASE WHEN ?5 THEN coalesce(failing_at, ?4) END, attempts = CASE WHEN ?5 THEN attempts + 1 "
      "ELSE 0 END, trouble = ?6 WHERE name = ?1");
    if (!row)
      return row.failure();
    row->bind_text(1, request.webhook).bind(3, came.delivered ? 1 : 0).bind(4, request.at_s);
    if (came.position)
      row->bind_text(2, *came.position);
    row->bind(5, came.failing ? 1 : 0).bind_text(6, request.trouble);
    return run(*row);
  });
}

result<std::vector<push_letter>> push_store::read_letters(const std::string& webhook, std::string_view state,
                                                          std::int64_t most) {
  auto rows = database_.prepare("SELECT id, webhook, topic, after, until, events, status, reason, attempts, at, state "
                                "FROM letters WHERE (?1 = '' OR webhook = ?1) AND (?2 = '' OR state = ?2) ORDER BY id "
                                "LIMIT ?3");
  if (!rows)
    return rows.failure();
  rows->bind_text(1, webhook).bind_text(2, state).bind(3, most);
  std::vector<push_letter> out;
  while (rows->step())
    out.push_back(letter_of(*rows));
  if (rows->failed())
    return database_.failure("cannot read");
  return out;
}

result<std::optional<push_letter>> push_store::queued_letter(const std::string& webhook) {
  auto found = read_letters(webhook, name_of(push_letter_state::queued), 1);
  if (!found)
    return found.failure();
  return found->empty() ? std::optional<push_letter>() : std::optional(std::move(found->front()));
}

result<std::vector<push_letter>> push_store::letters(const std::string& webhook,
                                                     std::optional<push_letter_state> state) {
  return read_letters(webhook, state ? name_of(*state) : std::string_view(), all_letters);
}

result<std::vector<push_record>> push_store::journal(const std::string& webhook, std::int64_t last) {
  auto rows = database_.prepare(
    "SELECT webhook, number, at, correlation, recipient, uri, stage, status, answer, duration_ms, events, bytes, "
    "attempt, trouble FROM requests WHERE ?1 = '' OR webhook = ?1 ORDER BY at DESC, number DESC LIMIT ?2");
  if (!rows)
    return rows.failure();
  rows->bind_text(1, webhook).bind(2, last);
  std::vector<push_record> out;
  while (rows->step())
    out.push_back(record_of(*rows));
  if (rows->failed())
    return database_.failure("cannot read");
  std::reverse(out.begin(), out.end());
  return out;
}

result<void> push_store::put_act(const push_act& act) {
  auto put = database_.prepare("INSERT INTO acts(webhook, at, who, act, subject, why) VALUES(?1, ?2, ?3, ?4, ?5, ?6)");
  if (!put)
    return put.failure();
  put->bind_text(1, act.webhook).bind(2, act.at_s).bind_text(3, act.who).bind_text(4, act.act);
  put->bind_text(5, act.subject).bind_text(6, act.why);
  return run(*put);
}

result<std::int64_t> push_store::set_paused(const push_act& by, bool paused) {
  std::int64_t changed = 0;
  const auto done = database_.in_transaction([&]() -> result<void> {
    auto put = database_.prepare("UPDATE webhooks SET paused = ?2 WHERE name = ?1 AND paused <> ?2");
    if (!put)
      return put.failure();
    put->bind_text(1, by.webhook).bind(2, paused ? 1 : 0);
    if (auto ran = run(*put); !ran)
      return ran;
    changed = database_.changes();
    return changed == 0 ? result<void>() : put_act(by);
  });
  return done ? result<std::int64_t>(changed) : done.failure();
}

result<std::int64_t> push_store::set_letters(const push_act& by, const std::vector<std::int64_t>& ids,
                                             push_letter_state to) {
  std::int64_t changed = 0;
  const auto done = database_.in_transaction([&]() -> result<void> {
    auto waiting = read_letters(by.webhook, name_of(push_letter_state::waiting), all_letters);
    if (!waiting)
      return waiting.failure();
    for (push_letter& one : *waiting) {
      if (!ids.empty() && std::find(ids.begin(), ids.end(), one.id) == ids.end())
        continue;
      one.state = to;
      if (auto put = put_letter(one); !put)
        return put;
      push_act act = by;
      act.webhook = one.webhook;
      act.subject = one.webhook + " letter " + std::to_string(one.id);
      if (auto put = put_act(act); !put)
        return put;
      ++changed;
    }
    return {};
  });
  return done ? result<std::int64_t>(changed) : done.failure();
}

result<std::vector<push_act>> push_store::take_acts(const std::string& webhook) {
  std::vector<push_act> out;
  auto rows = database_.prepare(
    "SELECT id, webhook, at, who, act, subject, why FROM acts WHERE webhook = ?1 AND told = 0 ORDER BY id");
  if (!rows)
    return rows.failure();
  rows->bind_text(1, webhook);
  while (rows->step())
    out.push_back({rows->integer(0), text_at(*rows, 1), rows->integer(2), text_at(*rows, 3), text_at(*rows, 4),
                   text_at(*rows, 5), text_at(*rows, 6)});
  if (rows->failed())
    return database_.failure("cannot read");
  rows->reset();
  if (out.empty())
    return out;
  const auto done = database_.in_transaction([&]() -> result<void> {
    auto told = database_.prepare("UPDATE acts SET told = 1 WHERE webhook = ?1 AND id <= ?2");
    auto old = database_.prepare("DELETE FROM acts WHERE told = 1 AND id <= (SELECT max(id) FROM acts) - ?1");
    if (!told || !old)
      return database_.failure("cannot write");
    told->bind_text(1, webhook).bind(2, out.back().id);
    old->bind(1, push_bounds::acts);
    if (auto ran = run(*told); !ran)
      return ran;
    return run(*old);
  });
  return done ? result<std::vector<push_act>>(std::move(out)) : done.failure();
}

} // namespace gridtwin
