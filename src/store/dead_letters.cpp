#include "src/store/dead_letters.hpp"

#include "src/store/input_identity.hpp"

#include <algorithm>
#include <array>

namespace gridtwin {

namespace {

constexpr std::array<std::string_view, letter_state_count> state_names{"waiting", "settled", "dropped"};

// A letter that is known as it is, or was dropped, is not touched: then no row comes back. One that waits for a reason
// of its own and was not shown to its twin, which is parked by now, has no new one.
constexpr std::string_view keep_sql =
  "INSERT INTO dead_letters(source, line, item, identity, transformer, slot, mpan, quantity, period, version, wh, "
  "quality, reasons, cause, attempts, detail, raw, run, known, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
  "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 'waiting') ON CONFLICT(source, line, item, identity) DO UPDATE SET "
  "transformer = excluded.transformer, slot = excluded.slot, quantity = excluded.quantity, period = excluded.period, "
  "version = excluded.version, wh = excluded.wh, quality = excluded.quality, reasons = excluded.reasons, "
  "cause = CASE WHEN state = 'waiting' AND excluded.attempts = 0 AND excluded.cause = 'twin-parked' THEN cause ELSE "
  "excluded.cause END, "
  "detail = CASE WHEN state = 'waiting' AND excluded.attempts = 0 AND excluded.cause = 'twin-parked' THEN detail ELSE "
  "excluded.detail END, attempts = attempts + excluded.attempts, run = excluded.run, "
  "known = CASE WHEN coalesce(excluded.known, ?20) < coalesce(known, ?20) THEN excluded.known ELSE known END, "
  "state = 'waiting' WHERE state <> 'dropped' AND (state = 'settled' OR excluded.attempts > 0 OR "
  "coalesce(excluded.known, ?20) < coalesce(known, ?20) OR "
  "(transformer, slot, quantity, period, version, wh, quality, reasons) IS NOT "
  "(excluded.transformer, excluded.slot, excluded.quantity, excluded.period, excluded.version, excluded.wh, "
  "excluded.quality, excluded.reasons) OR "
  "(excluded.cause <> 'twin-parked' AND (cause, detail) IS NOT (excluded.cause, excluded.detail))) RETURNING id";

constexpr std::string_view list_sql =
  "SELECT id, source, line, item, transformer, slot, mpan, quantity, period, version, wh, quality, reasons, cause, "
  "attempts, detail, raw, run, dead_letters.known, state, coalesce(name, '') FROM dead_letters LEFT JOIN sources ON "
  "sources.number = dead_letters.source WHERE (?1 IS NULL OR id = ?1) AND (?2 = '' OR state = ?2) AND (?3 = '' OR "
  "mpan = ?3) ORDER BY id";

std::int64_t packed(const reasons& r) noexcept {
  return std::int64_t{r.estimation} | std::int64_t{static_cast<std::uint8_t>(r.amendment)} << 8;
}

error damaged(std::int64_t id) {
  return {errc::store_failed, "the store's dead letter " + std::to_string(id) + " is damaged"};
}

constexpr bool between(std::int64_t value, std::int64_t least, std::int64_t most) noexcept {
  return value >= least && value <= most;
}

/// False where the row makes no sense.
bool read_reading(const sqlite_statement& row, reading& out) {
  const auto of = parse_quantity(row.bytes(7));
  if (!of || !between(row.integer(8), first_storable_period.number, last_storable_period.number)
      || !between(row.integer(9), 1, version_limit) || !between(row.integer(11), 0, quality_count - 1)
      || !between(row.integer(12), 0, 0xFFFF))
    return false;
  out.quantity = *of;
  out.period.number = static_cast<std::int32_t>(row.integer(8));
  out.version = static_cast<std::uint32_t>(row.integer(9));
  out.content.wh = row.integer(10);
  out.content.quality.code = static_cast<std::uint8_t>(row.integer(11));
  out.content.reasons.estimation = static_cast<std::uint8_t>(row.integer(12));
  out.content.reasons.amendment = static_cast<char>(row.integer(12) >> 8);
  return true;
}

bool read_row(const sqlite_statement& row, kept_letter& out) {
  dead_letter& letter = out.letter;
  const auto cause = parse_letter_cause(row.bytes(13));
  const auto state = parse_letter_state(row.bytes(19));
  if (!cause || !state || !read_reading(row, letter.reading))
    return false;
  out.id = row.integer(0);
  out.state = *state;
  out.transformer.value = static_cast<std::uint32_t>(row.integer(4));
  out.source = row.bytes(20);
  out.run = static_cast<std::uint32_t>(row.integer(17));
  out.known.at_s = row.optional_integer(18);
  letter.twin.value = static_cast<std::uint32_t>(row.integer(5));
  letter.cause = *cause;
  letter.attempts = static_cast<std::uint32_t>(std::clamp<std::int64_t>(row.integer(14), 0, 0xFFFF'FFFF));
  letter.input.source = static_cast<std::uint32_t>(row.integer(1));
  letter.input.line = static_cast<std::uint64_t>(row.integer(2));
  letter.input.item = static_cast<std::uint8_t>(row.integer(3));
  letter.input.verdict = verdict::twin_failed;
  letter.input.meter = row.bytes(6);
  letter.input.quantity = name_of(letter.reading.quantity);
  letter.input.period_end = format_period(letter.reading.period);
  letter.input.detail = row.bytes(15);
  letter.input.raw = row.bytes(16);
  return true;
}

} // namespace

std::string_view name_of(letter_state state) noexcept { return state_names[static_cast<std::size_t>(state)]; }

std::optional<letter_state> parse_letter_state(std::string_view name) noexcept {
  for (std::size_t i = 0; i < state_names.size(); ++i)
    if (state_names[i] == name)
      return static_cast<letter_state>(i);
  return std::nullopt;
}

result<void> for_each_letter(sqlite_database& database, const letter_filter& wanted,
                             const std::function<bool(const kept_letter&)>& f) {
  auto rows = database.prepare(list_sql);
  if (!rows)
    return rows.failure();
  const std::string meter = wanted.meter ? to_string(*wanted.meter) : std::string();
  rows->bind_optional(1, wanted.id);
  rows->bind_text(2, wanted.state ? name_of(*wanted.state) : std::string_view()).bind_text(3, meter);
  while (rows->step()) {
    kept_letter letter;
    if (!read_row(*rows, letter))
      return damaged(rows->integer(0));
    if (!f(letter))
      return {};
  }
  return rows->failed() ? result<void>(database.failure("cannot read")) : result<void>();
}

result<std::vector<kept_letter>> list_letters(sqlite_database& database, const letter_filter& wanted) {
  std::vector<kept_letter> out;
  const auto listed = for_each_letter(database, wanted, [&](const kept_letter& letter) {
    out.push_back(letter);
    return true;
  });
  if (!listed)
    return listed.failure();
  return out;
}

result<letter_table> letter_table::open(sqlite_database& database) {
  auto keep = database.prepare(keep_sql);
  if (!keep)
    return keep.failure();
  auto find = database.prepare("SELECT state FROM dead_letters WHERE id = ?1");
  if (!find)
    return find.failure();
  auto end = database.prepare("UPDATE dead_letters SET state = ?2 WHERE id = ?1");
  if (!end)
    return end.failure();
  return letter_table(database, std::move(*keep), std::move(*find), std::move(*end));
}

result<std::optional<std::int64_t>> letter_table::keep(transformer_number t, const dead_letter& letter,
                                                       std::uint32_t run, known_time known) {
  const kept_reject& input = letter.input;
  const reading& r = letter.reading;
  keep_.bind(1, input.source).bind(2, static_cast<std::int64_t>(input.line)).bind(3, input.item);
  keep_.bind(4, identity_of(input)).bind(5, t.value).bind(6, letter.twin.value).bind_text(7, input.meter);
  keep_.bind_text(8, name_of(r.quantity)).bind(9, r.period.number).bind(10, r.version).bind(11, r.content.wh);
  keep_.bind(12, r.content.quality.code).bind(13, packed(r.content.reasons)).bind_text(14, name_of(letter.cause));
  keep_.bind(15, letter.attempts).bind_text(16, input.detail).bind_blob(17, input.raw).bind(18, run);
  keep_.bind_optional(19, known.at_s).bind(20, r.period.end_s());
  std::optional<std::int64_t> id;
  while (keep_.step())
    id = keep_.integer(0);
  const bool failed = keep_.failed();
  keep_.reset();
  if (failed)
    return database_->failure("cannot write");
  return id;
}

result<std::optional<letter_state>> letter_table::end(std::int64_t id, letter_state to) {
  const bool found = find_.bind(1, id).step();
  const std::string state(found ? find_.bytes(0) : std::string_view());
  const bool failed = find_.failed();
  find_.reset();
  if (failed)
    return database_->failure("cannot read");
  if (!found)
    return std::optional<letter_state>();
  const auto before = parse_letter_state(state);
  if (!before)
    return damaged(id);
  if (*before != letter_state::waiting)
    return before;
  if (!end_.bind(1, id).bind_text(2, name_of(to)).run())
    return database_->failure("cannot write");
  return before;
}

} // namespace gridtwin
