#include "src/store/settlement_record.hpp"

#include <algorithm>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::uint8_t settlement_format = 1;

void take(std::string_view bytes, digest& d) noexcept {
  std::copy_n(bytes.begin(), std::min(bytes.size(), d.size()), d.begin());
}

/// What the journal holds of a run: the estimates themselves stand in their table, their digest here.
std::string journal_body(const recorded_settlement& s, const digest& estimates) {
  std::string out;
  byte_writer w(out);
  w.byte(settlement_format);
  w.text(name_of(s.run));
  w.text(format_date(s.date));
  w.signed_number(s.known_at_s);
  for (const digest* d : {&s.inputs, &s.outputs, &s.shapes, &estimates})
    w.raw(bytes_of(*d));
  return out;
}

error damaged(const civil_date& date) {
  return {errc::store_failed, "the store's record of a settlement run of " + format_date(date) + " is damaged"};
}

constexpr char columns[] = "run, known_at, inputs, outputs, shapes, estimates";
constexpr auto newest_before_sql =
  join_sql("SELECT ", columns,
           " FROM settlement_runs WHERE date = ?1 AND known_at < ?2 ORDER BY known_at DESC, number DESC LIMIT 1");
constexpr auto of_date_sql = join_sql("SELECT ", columns, " FROM settlement_runs WHERE date = ?1 ORDER BY number");

constexpr auto of_run_sql =
  join_sql("SELECT ", columns, " FROM settlement_runs WHERE date = ?1 AND run = ?2 ORDER BY number DESC");

/// `estimates`: gets the bytes of the estimates; nothing: they are not read.
result<recorded_settlement> read_row(sqlite_statement& row, const civil_date& date, std::string* estimates) {
  recorded_settlement out;
  const auto run = parse_run_code(row.bytes(0));
  out.date = date;
  out.known_at_s = row.integer(1);
  take(row.bytes(2), out.inputs);
  take(row.bytes(3), out.outputs);
  take(row.bytes(4), out.shapes);
  if (!run)
    return damaged(date);
  out.run = *run;
  if (estimates == nullptr)
    return out;
  auto bytes = unpack(row.bytes(5));
  if (!bytes || !decode_estimates(*bytes, out.estimates))
    return damaged(date);
  *estimates = std::move(*bytes);
  return out;
}

/// Runs of `replay` that were recorded before: they are numbered from 1 in the order of their records, and have one
/// each.
result<std::uint32_t> replays_before(sqlite_database& database, record_id record) {
  auto count = database.prepare("SELECT count(*) FROM journal WHERE id < ?1 AND kind = ?2");
  if (!count)
    return count.failure();
  count->bind(1, record.value).bind(2, static_cast<std::int64_t>(record_kind::run));
  if (!count->step())
    return database.failure("cannot read");
  return static_cast<std::uint32_t>(count->integer(0));
}

result<std::uint32_t> last_replay_before(sqlite_database& database, const recorded_settlement& s,
                                         const digest& estimates) {
  const digest body = sha256(journal_body(s, estimates));
  auto own = database.prepare("SELECT max(id) FROM journal WHERE id < ?1 AND kind = ?2 AND hash = ?3");
  if (!own)
    return own.failure();
  own->bind(1, record_id::of(estate_shard + 1, 0).value).bind(2, static_cast<std::int64_t>(record_kind::settlement));
  own->bind_blob(3, bytes_of(body));
  if (!own->step())
    return database.failure("cannot read");
  const auto id = own->optional_integer(0);
  if (!id)
    return damaged(s.date);
  return replays_before(database, {*id});
}

result<bool> is_recorded(sqlite_database& database, const recorded_settlement& s) {
  auto last =
    database.prepare("SELECT known_at, inputs, outputs FROM settlement_runs WHERE date = ?1 AND run = ?2 ORDER "
                     "BY number DESC LIMIT 1");
  if (!last)
    return last.failure();
  last->bind(1, days_from_civil(s.date)).bind_text(2, name_of(s.run));
  const bool same = last->step() && last->integer(0) == s.known_at_s && last->bytes(1) == bytes_of(s.inputs)
                    && last->bytes(2) == bytes_of(s.outputs);
  if (last->failed())
    return database.failure("cannot read");
  return same;
}

result<void> write_record(sqlite_database& database, const recorded_settlement& s, std::string_view estimates) {
  auto journal = journal_appender::open(database);
  if (!journal)
    return journal.failure();
  if (auto added = journal->append(estate_shard, record_kind::settlement, journal_body(s, sha256(estimates))); !added)
    return added.failure();
  auto put = database.prepare("INSERT INTO settlement_runs(date, run, known_at, inputs, outputs, shapes, estimates) "
                              "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  if (!put)
    return put.failure();
  const std::string packed = pack(estimates);
  put->bind(1, days_from_civil(s.date)).bind_text(2, name_of(s.run)).bind(3, s.known_at_s);
  put->bind_blob(4, bytes_of(s.inputs))
    .bind_blob(5, bytes_of(s.outputs))
    .bind_blob(6, bytes_of(s.shapes))
    .bind_blob(7, packed);
  return put->run() ? result<void>() : result<void>(database.failure("cannot write"));
}

} // namespace

estimate_encoder::estimate_encoder() { byte_writer(bytes_).byte(settlement_format); }

void estimate_encoder::add(const recorded_estimate& e) {
  byte_writer w(bytes_);
  w.number(e.mpan.number - std::exchange(meter_, e.mpan.number));
  w.byte(static_cast<std::uint8_t>(index_of(e.quantity)));
  w.signed_number(std::int64_t{e.period.number} - std::exchange(period_number_, e.period.number));
  w.signed_number(e.content.wh);
  w.byte(e.content.quality.code);
  w.byte(e.content.reasons.estimation);
  w.byte(static_cast<std::uint8_t>(e.content.reasons.amendment));
  w.byte(static_cast<std::uint8_t>(index_of(e.method)));
}

std::string encode_estimates(std::span<const recorded_estimate> estimates) {
  estimate_encoder out;
  for (const recorded_estimate& e : estimates)
    out.add(e);
  return out.bytes();
}

estimate_decoder::estimate_decoder(std::string_view bytes) : in_(bytes) {
  if (in_.byte() != settlement_format)
    in_.fail();
}

estimate_decoder::estimate_decoder(std::string_view bytes, const place& from)
  : in_(bytes.substr(bytes.size() - std::min(from.left, bytes.size()))), meter_(from.meter),
    period_number_(from.period_number) {}

bool estimate_decoder::next(recorded_estimate& e) {
  if (in_.at_end())
    return false;
  e = {};
  meter_ += in_.number();
  const std::uint8_t of = in_.byte();
  const std::int64_t step = in_.signed_number();
  e.content.wh = in_.signed_number();
  e.content.quality.code = in_.byte();
  e.content.reasons.estimation = in_.byte();
  e.content.reasons.amendment = static_cast<char>(in_.byte());
  const std::uint8_t method = in_.byte();
  constexpr std::int64_t farthest = std::int64_t{1} << 32;
  const bool good = in_.ok() && of < quantity_count && method < estimation_method_count
                    && e.content.quality.code < quality_count && step >= -farthest && step <= farthest;
  if (good)
    period_number_ += step;
  if (!good || period_number_ < first_storable_period.number || period_number_ > last_storable_period.number) {
    in_.fail();
    return false;
  }
  e.mpan.number = meter_;
  e.quantity = static_cast<gridtwin::quantity>(of);
  e.period.number = static_cast<std::int32_t>(period_number_);
  e.method = static_cast<estimation_method>(method);
  return true;
}

bool decode_estimates(std::string_view bytes, std::vector<recorded_estimate>& estimates) {
  estimates.clear();
  estimate_decoder in(bytes);
  for (recorded_estimate e; in.next(e); estimates.push_back(e))
    if (!estimates.empty() && estimates.back().key() >= e.key())
      return false;
  return !in.damaged();
}

result<bool> record_settlement(const store_folder& folder, const recorded_settlement& settled,
                               std::string_view estimates) {
  auto database = folder.connect_writer();
  if (!database)
    return database.failure();
  const auto known = is_recorded(*database, settled);
  if (!known)
    return known.failure();
  if (*known)
    return false;
  if (auto written = database->in_transaction([&] { return write_record(*database, settled, estimates); }); !written)
    return written.failure();
  return true;
}

result<std::optional<recorded_settlement>> settlement_before(sqlite_database& database, const civil_date& date,
                                                             std::int64_t known_at_s) {
  auto row = database.prepare(newest_before_sql);
  if (!row)
    return row.failure();
  row->bind(1, days_from_civil(date)).bind(2, known_at_s);
  if (!row->step()) {
    if (row->failed())
      return database.failure("cannot read");
    return std::optional<recorded_settlement>();
  }
  std::string estimates;
  auto out = read_row(*row, date, &estimates);
  if (!out)
    return out.failure();
  const auto last_replay = last_replay_before(database, *out, sha256(estimates));
  if (!last_replay)
    return last_replay.failure();
  out->last_replay = *last_replay;
  return std::optional(std::move(*out));
}

result<past_settlement> read_past_settlement(sqlite_database& database, record_id record) {
  const error bad{errc::store_failed, "journal record " + std::to_string(record.shard()) + ":"
                                        + std::to_string(record.offset())
                                        + " is no run of settlement that the store keeps: the store is damaged"};
  auto body = database.prepare("SELECT body FROM journal WHERE id = ?1 AND kind = ?2");
  if (!body)
    return body.failure();
  body->bind(1, record.value).bind(2, static_cast<std::int64_t>(record_kind::settlement));
  byte_reader in(body->step() ? body->bytes(0) : std::string_view());
  const std::uint8_t format = in.byte();
  const std::string run(in.text());
  const auto date = parse_date(in.text());
  if (!in.ok() || format != settlement_format || !date)
    return bad;
  // One that came to the same later is the same: the record tells them by all that they have.
  auto rows = database.prepare(of_run_sql);
  if (!rows)
    return rows.failure();
  rows->bind(1, days_from_civil(*date)).bind_text(2, run);
  past_settlement out;
  bool found = false;
  while (!found && rows->step()) {
    auto one = read_row(*rows, *date, nullptr);
    auto estimates = unpack(rows->bytes(5));
    if (!one || !estimates)
      return bad;
    found = journal_body(*one, sha256(*estimates)) == body->bytes(0);
    if (found)
      out = {std::move(*one), std::move(*estimates), {}};
  }
  if (rows->failed() || body->failed())
    return database.failure("cannot read");
  if (!found)
    return bad;
  const auto replays = replays_before(database, record);
  if (!replays)
    return replays.failure();
  out.settled.last_replay = *replays;
  auto estate = database.prepare("SELECT body FROM journal WHERE id < ?1 AND kind = ?2 ORDER BY id DESC LIMIT 1");
  if (!estate)
    return estate.failure();
  estate->bind(1, record.value).bind(2, static_cast<std::int64_t>(record_kind::topology));
  if (!estate->step())
    return estate->failed() ? database.failure("cannot read") : bad;
  out.estate_hash = estate->bytes(0);
  return out;
}

result<settlement_search> find_settlement(sqlite_database& database, std::int64_t after) {
  constexpr std::int64_t records_at_once = 4096;
  auto rows = database.prepare("SELECT id, kind FROM journal WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3");
  if (!rows)
    return rows.failure();
  rows->bind(1, record_id::of(estate_shard, after).value).bind(2, record_id::of(estate_shard + 1, 0).value);
  rows->bind(3, records_at_once);
  settlement_search out;
  out.last_offset = after;
  std::int64_t passed = 0;
  for (; !out.found && rows->step(); ++passed) {
    const record_id record{rows->integer(0)};
    out.last_offset = record.offset();
    if (rows->integer(1) == static_cast<std::int64_t>(record_kind::settlement))
      out.found = record;
  }
  if (rows->failed())
    return database.failure("cannot read");
  out.at_end = !out.found && passed < records_at_once;
  return out;
}

result<std::int64_t> settlements_before(sqlite_database& database, std::int64_t known_at_s) {
  // The table has the runs of the journal in the same order.
  auto rows = database.prepare(
    "SELECT coalesce((SELECT id - 1 FROM journal WHERE id > ?1 AND id < ?2 AND kind = ?3 ORDER BY id LIMIT 1 OFFSET "
    "(SELECT count(*) FROM settlement_runs WHERE number < "
    "coalesce((SELECT min(number) FROM settlement_runs WHERE known_at >= ?4), 1 << 62))), "
    "(SELECT max(id) FROM journal WHERE id < ?2), ?1)");
  if (!rows)
    return rows.failure();
  rows->bind(1, record_id::of(estate_shard, 0).value).bind(2, record_id::of(estate_shard + 1, 0).value);
  rows->bind(3, static_cast<std::int64_t>(record_kind::settlement)).bind(4, known_at_s);
  if (!rows->step())
    return database.failure("cannot read");
  return record_id{rows->integer(0)}.offset();
}

result<std::vector<recorded_settlement>> recorded_settlements(sqlite_database& database, const civil_date& date) {
  auto row = database.prepare(of_date_sql);
  if (!row)
    return row.failure();
  row->bind(1, days_from_civil(date));
  std::vector<recorded_settlement> out;
  while (row->step()) {
    auto one = read_row(*row, date, nullptr);
    if (!one)
      return one.failure();
    out.push_back(std::move(*one));
  }
  if (row->failed())
    return database.failure("cannot read");
  return out;
}

} // namespace gridtwin
