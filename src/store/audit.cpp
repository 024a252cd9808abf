#include "src/store/audit.hpp"

#include "src/store/bytes.hpp"
#include "src/store/kept_texts.hpp"
#include "twins/hash.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::uint8_t audit_format = 1;
constexpr std::string_view after_hash = ", "; ///< of a text that is not kept: its length follows
static_assert(4 * longest_audit_text < largest_record / 2);

result<void> check(const audit_event& event) {
  if (event.who.empty() || event.act.empty())
    return error{errc::usage, "an act needs the name of who does it, and its own"};
  for (const std::string* text : {&event.who, &event.act, &event.subject, &event.detail})
    if (text->size() > longest_audit_text)
      return error{errc::usage, "what is told of an act may have " + std::to_string(longest_audit_text)
                                  + " bytes at most: shorten it"};
  return {};
}

/// Whether the last act of its kind, where there are several things of the kind of its subject, had the same to tell.
result<bool> is_in_force(sqlite_database& database, const audit_event& event) {
  auto last = database.prepare(
    "SELECT subject, detail FROM audit WHERE act = ?1 AND (?2 OR subject = ?3) ORDER BY id DESC LIMIT 1");
  if (!last)
    return last.failure();
  const bool one_thing = event.act != use_policy_file_act;
  last->bind_text(1, event.act).bind(2, one_thing ? 1 : 0).bind_text(3, event.subject);
  const bool same = last->step() && last->bytes(0) == event.subject && last->bytes(1) == event.detail;
  return last->failed() ? result<bool>(database.failure("cannot read")) : result<bool>(same);
}

result<void> write_event(sqlite_database& database, journal_appender& journal, const audit_event& event) {
  if (auto good = check(event); !good)
    return good;
  if (auto added = journal.append(estate_shard, record_kind::audit, encode_audit(event)); !added)
    return added.failure();
  auto put = database.prepare("INSERT INTO audit(at, who, act, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5)");
  if (!put)
    return put.failure();
  put->bind(1, event.at_s).bind_text(2, event.who).bind_text(3, event.act);
  put->bind_text(4, event.subject).bind_text(5, event.detail);
  return put->run() ? result<void>() : result<void>(database.failure("cannot write"));
}

} // namespace

std::string grouped_hash(std::string_view hex) {
  constexpr std::size_t digits_in_word = 8;
  std::string out;
  for (; !hex.empty(); hex.remove_prefix(std::min(digits_in_word, hex.size()))) {
    if (!out.empty())
      out += ' ';
    out += hex.substr(0, digits_in_word);
  }
  return out;
}

std::string ungrouped_hash(std::string_view words) {
  std::string out(words);
  std::erase(out, ' ');
  return out;
}

recorded_text read_recorded_text(std::string_view detail) {
  const std::size_t end = detail.find(after_hash);
  return {ungrouped_hash(detail.substr(0, end)), end == std::string_view::npos};
}

std::string encode_audit(const audit_event& event) {
  std::string out;
  byte_writer w(out);
  w.byte(audit_format);
  w.signed_number(event.at_s);
  for (const std::string* text : {&event.who, &event.act, &event.subject, &event.detail})
    w.text(*text);
  return out;
}

bool decode_audit(std::string_view body, audit_event& event) {
  byte_reader in(body);
  if (in.byte() != audit_format)
    return false;
  event.at_s = in.signed_number();
  for (std::string* text : {&event.who, &event.act, &event.subject, &event.detail})
    *text = in.text();
  return in.ok() && in.at_end();
}

result<void> write_audit(sqlite_database& database, journal_appender& journal, const audit_event& event) {
  if (event.text.empty())
    return write_event(database, journal, event);
  audit_event use = event;
  const std::string hash = to_hex(sha256(event.text));
  const bool kept = use.text.size() <= longest_kept_text;
  use.detail = grouped_hash(hash);
  if (!kept)
    use.detail.append(after_hash) += std::to_string(use.text.size()) + " bytes: too long to be kept";
  const auto known = is_in_force(database, use);
  if (!known || *known)
    return known ? result<void>() : result<void>(known.failure());
  if (kept)
    if (auto done = keep_text(database, hash, use.text); !done)
      return done;
  return write_event(database, journal, use);
}

result<void> record_act(const store_folder& folder, const audit_event& event) {
  auto database = folder.connect_writer();
  if (!database)
    return database.failure();
  return database->in_transaction([&]() -> result<void> {
    auto journal = journal_appender::open(*database);
    return journal ? write_audit(*database, *journal, event) : result<void>(journal.failure());
  });
}

result<journal_acts> read_acts(sqlite_database& database, std::int64_t after) {
  constexpr std::int64_t records_at_once = 4096;
  auto rows = database.prepare("SELECT id, kind, CASE kind WHEN ?3 THEN body END FROM journal "
                               "WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?4");
  if (!rows)
    return rows.failure();
  rows->bind(1, record_id::of(estate_shard, after).value).bind(2, record_id::of(estate_shard + 1, 0).value);
  rows->bind(3, static_cast<std::int64_t>(record_kind::audit)).bind(4, records_at_once);
  journal_acts out;
  out.last_offset = after;
  std::int64_t passed = 0;
  for (; rows->step(); ++passed) {
    const record_id record{rows->integer(0)};
    out.last_offset = record.offset();
    if (rows->integer(1) != static_cast<std::int64_t>(record_kind::audit))
      continue;
    journal_act act;
    act.record = record;
    if (!decode_audit(rows->bytes(2), act.event))
      return error{errc::store_failed, "journal record " + std::to_string(record.shard()) + ":"
                                         + std::to_string(record.offset())
                                         + " is damaged: the store cannot be read any more"};
    out.acts.push_back(std::move(act));
  }
  if (rows->failed())
    return database.failure("cannot read");
  out.at_end = passed < records_at_once;
  return out;
}

result<std::int64_t> acts_before(sqlite_database& database, std::int64_t at_s) {
  // The table has the acts of the journal in the same order.
  auto rows = database.prepare(
    "SELECT coalesce((SELECT id - 1 FROM journal WHERE id > ?1 AND id < ?2 AND kind = ?3 ORDER BY id LIMIT 1 OFFSET "
    "(SELECT count(*) FROM audit WHERE id < coalesce((SELECT min(id) FROM audit WHERE at >= ?4), 1 << 62))), "
    "(SELECT max(id) FROM journal WHERE id < ?2), ?1)");
  if (!rows)
    return rows.failure();
  rows->bind(1, record_id::of(estate_shard, 0).value).bind(2, record_id::of(estate_shard + 1, 0).value);
  rows->bind(3, static_cast<std::int64_t>(record_kind::audit)).bind(4, at_s);
  if (!rows->step())
    return database.failure("cannot read");
  return record_id{rows->integer(0)}.offset();
}

result<void> for_each_act(sqlite_database& database, std::int64_t last,
                          const std::function<bool(const recorded_act&)>& next) {
  auto rows =
    database.prepare("SELECT id, at, who, act, subject, detail FROM audit WHERE id > (SELECT CASE WHEN ?1 = 0 "
                     "THEN 0 ELSE coalesce(max(id), 0) - ?1 END FROM audit) ORDER BY id");
  if (!rows)
    return rows.failure();
  rows->bind(1, last);
  while (rows->step())
    if (!next({rows->integer(0),
               {rows->integer(1), std::string(rows->bytes(2)), std::string(rows->bytes(3)), std::string(rows->bytes(4)),
                std::string(rows->bytes(5))}}))
      return {};
  return rows->failed() ? result<void>(database.failure("cannot read")) : result<void>();
}

result<std::vector<audit_event>> acts_of(sqlite_database& database, std::string_view act) {
  auto rows = database.prepare("SELECT at, who, subject, detail FROM audit WHERE act = ?1 ORDER BY id");
  if (!rows)
    return rows.failure();
  rows->bind_text(1, act);
  std::vector<audit_event> out;
  while (rows->step())
    out.push_back({rows->integer(0), std::string(rows->bytes(1)), std::string(act), std::string(rows->bytes(2)),
                   std::string(rows->bytes(3))});
  return rows->failed() ? result<std::vector<audit_event>>(database.failure("cannot read")) : out;
}

result<std::vector<recorded_act>> recorded_acts(sqlite_database& database) {
  std::vector<recorded_act> out;
  const auto read = for_each_act(database, 0, [&out](const recorded_act& act) {
    out.push_back(act);
    return true;
  });
  if (!read)
    return read.failure();
  return out;
}

} // namespace gridtwin
