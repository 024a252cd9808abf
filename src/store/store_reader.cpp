#include "src/store/store_reader.hpp"

#include "src/store/bytes.hpp"
#include "src/store/journal_section.hpp"

#include <algorithm>
#include <initializer_list>

namespace gridtwin {

namespace {

error damaged(std::string_view what) {
  return {errc::store_failed, "the store's " + std::string(what) + " is damaged: replay the sources into a new store"};
}

} // namespace

result<store_reader> store_reader::open(const store_folder& folder) {
  auto database = folder.connect_reader();
  return database ? over(std::move(*database)) : result<store_reader>(database.failure());
}

result<store_reader> store_reader::over(sqlite_database database) {
  store_reader out(std::move(database));
  for (const sql_text sql : std::initializer_list<sql_text>{
         "SELECT run, body, known FROM fragments WHERE day = ?1 AND transformer = ?2 ORDER BY id",
         "SELECT records FROM fragments WHERE day = ?1 AND transformer = ?2", "SELECT body FROM journal WHERE id = ?1",
         "SELECT substr(body, 1, 8) FROM journal WHERE id = ?1", "SELECT loads FROM days WHERE key = ?1",
         "SELECT nodes, masks FROM summaries WHERE key = ?1",
         "SELECT DISTINCT known FROM fragments WHERE day = ?1 AND transformer = ?2 ORDER BY known",
         "SELECT body FROM shape_parts WHERE key = ?1"}) {
    auto statement = out.database_->prepare(sql);
    if (!statement)
      return statement.failure();
    out.statements_.push_back(std::move(*statement));
  }
  return out;
}

result<void> store_reader::hold_snapshot() { return database_->execute("BEGIN; SELECT count(*) FROM sqlite_master"); }

result<void> store_reader::for_each_day(const std::function<void(transformer_number, utc_day, bool)>& f) {
  auto s = database_->prepare("SELECT key, summarised FROM days ORDER BY key");
  if (!s)
    return s.failure();
  while (s->step())
    f({static_cast<std::uint32_t>(s->integer(0))}, {static_cast<std::int32_t>(s->integer(0) >> 32)},
      s->integer(1) != 0);
  return s->failed() ? result<void>(database_->failure("cannot read")) : result<void>();
}

result<std::vector<std::pair<transformer_number, utc_day>>> store_reader::contradicted_days() {
  return list_keys("SELECT key FROM days WHERE contradicted = 1 ORDER BY key");
}

result<std::vector<std::pair<transformer_number, utc_day>>> store_reader::days_to_summarise() {
  return list_keys("SELECT key FROM days WHERE summarised = 0 ORDER BY key");
}

result<std::vector<std::pair<transformer_number, utc_day>>> store_reader::list_keys(sql_text sql) {
  auto s = database_->prepare(sql);
  if (!s)
    return s.failure();
  std::vector<std::pair<transformer_number, utc_day>> out;
  while (s->step())
    out.push_back({{static_cast<std::uint32_t>(s->integer(0))}, {static_cast<std::int32_t>(s->integer(0) >> 32)}});
  if (s->failed())
    return database_->failure("cannot read");
  return out;
}

result<std::size_t> store_reader::load(transformer_number t, utc_day day, const day_source::take& f) {
  sqlite_statement& s = statements_[fragments];
  s.bind(1, day.number).bind(2, t.value);
  std::size_t count = 0;
  bool good = true;
  while (good && s.step()) {
    ++count;
    const fragment_origin from{static_cast<std::uint32_t>(s.integer(0)), {s.optional_integer(2)}};
    const auto bytes = unpack(s.bytes(1));
    good = bytes && decode_fragment(*bytes, day, [&](const stored_reading& r) { f(r, from); });
  }
  const bool failed = s.failed();
  s.reset();
  if (failed)
    return database_->failure("cannot read");
  if (!good)
    return damaged("day " + format_day(day));
  return count;
}

result<std::vector<record_id>> store_reader::records_of(transformer_number t, utc_day day) {
  sqlite_statement& s = statements_[records];
  s.bind(1, day.number).bind(2, t.value);
  std::vector<record_id> ids;
  while (s.step()) {
    byte_reader in(s.bytes(0));
    while (!in.at_end())
      ids.push_back({static_cast<std::int64_t>(in.number())});
  }
  const bool failed = s.failed();
  s.reset();
  if (failed)
    return database_->failure("cannot read");
  const auto less = [](record_id a, record_id b) { return a.value < b.value; };
  std::sort(ids.begin(), ids.end(), less);
  ids.erase(std::unique(ids.begin(), ids.end(), [](record_id a, record_id b) { return a.value == b.value; }),
            ids.end());
  return ids;
}

result<reading_moves> read_moves(sqlite_database& database) {
  auto s = database.prepare("SELECT body FROM journal WHERE id >= ?1 AND id < ?2 AND kind = ?3 ORDER BY id");
  if (!s)
    return s.failure();
  s->bind(1, record_id::of(estate_shard, 0).value).bind(2, record_id::of(estate_shard + 1, 0).value);
  s->bind(3, static_cast<std::int64_t>(record_kind::moves));
  reading_moves out;
  while (s->step()) {
    moves_record record;
    if (!decode_moves(s->bytes(0), record))
      return damaged("journal of moves");
    out.add(record);
  }
  if (s->failed())
    return database.failure("cannot read");
  return out;
}

result<const reading_moves*> store_reader::moves() {
  if (moves_)
    return moves_.get();
  auto all = read_moves(*database_);
  if (!all)
    return all.failure();
  moves_ = std::make_unique<reading_moves>(std::move(*all));
  return moves_.get();
}

result<store_reader::recorded_readings> store_reader::journal_readings(record_id record, transformer_number t) {
  const auto known = moves();
  if (!known)
    return known.failure();
  const reading_moves& moved = **known;
  sqlite_statement& s = statements_[journal_body];
  s.bind(1, record.value);
  recorded_readings out;
  bool good = s.step();
  byte_reader in(good ? s.bytes(0) : std::string_view());
  out.run = static_cast<std::uint32_t>(in.number());
  while (good && !in.at_end()) {
    const std::uint64_t number = in.number();
    const std::string_view section = in.text();
    const transformer_number added{static_cast<std::uint32_t>(number)};
    const bool left = moved.any_from(added, out.run);
    if (added != t && !(left && moved.any_between(added, t)))
      continue;
    const auto bytes = unpack(section);
    const std::size_t before = out.readings.size();
    good = bytes && decode_section(*bytes, out.readings);
    if (good && left)
      moved.keep(out.readings, before, added, t, out.run);
  }
  good = good && in.ok();
  s.reset();
  if (!good)
    return damaged("journal record " + std::to_string(record.value));
  return out;
}

result<std::uint32_t> store_reader::run_of(record_id record) {
  const auto [at, fresh] = run_of_.try_emplace(record.value);
  if (!fresh)
    return at->second;
  sqlite_statement& s = statements_[journal_head];
  s.bind(1, record.value);
  byte_reader in(s.step() ? s.bytes(0) : std::string_view());
  at->second = static_cast<std::uint32_t>(in.number());
  s.reset();
  if (!in.ok())
    return damaged("journal record " + std::to_string(record.value));
  return at->second;
}

result<void> store_reader::sort_by_arrival(std::vector<record_id>& of) {
  const auto moved = moves();
  if (!moved)
    return moved.failure();
  // A run's records of a transformer are of one shard: only readings that have moved may be of several.
  const bool by_run = !(*moved)->empty();
  if (by_run)
    for (const record_id record : of)
      if (const auto run = run_of(record); !run)
        return run.failure();
  const auto key = [&](record_id r) { return std::pair(by_run ? run_of_.at(r.value) : 0, r.value); };
  std::sort(of.begin(), of.end(), [&](record_id a, record_id b) { return key(a) < key(b); });
  return {};
}

result<std::vector<known_time>> store_reader::known_times(transformer_number t, utc_day day) {
  sqlite_statement& s = statements_[fragment_times];
  s.bind(1, day.number).bind(2, t.value);
  std::vector<known_time> out;
  while (s.step())
    out.push_back({s.optional_integer(0)});
  const bool failed = s.failed();
  s.reset();
  if (failed)
    return database_->failure("cannot read");
  return out;
}

result<std::optional<std::int64_t>> store_reader::last_known() {
  auto s = database_->prepare("SELECT max(known), max(CASE WHEN known IS NULL THEN day END) FROM fragments");
  if (!s)
    return s.failure();
  if (!s->step())
    return database_->failure("cannot read");
  std::optional<std::int64_t> last = s->optional_integer(0);
  const std::optional<std::int64_t> last_day = s->optional_integer(1);
  if (!last_day)
    return last;
  // Known with the ends of their half hours: the last of them is of that day.
  auto of_day = database_->prepare("SELECT DISTINCT transformer FROM fragments WHERE day = ?1 AND known IS NULL");
  if (!of_day)
    return of_day.failure();
  of_day->bind(1, *last_day);
  const utc_day day{static_cast<std::int32_t>(*last_day)};
  const std::int64_t day_end = period_at(day, periods_per_day - 1).end_s();
  while ((!last || *last < day_end) && of_day->step()) {
    const auto loaded = load({static_cast<std::uint32_t>(of_day->integer(0))}, day,
                             [&](const stored_reading& r, const fragment_origin& from) {
                               const std::int64_t known = from.known.of(period_at(day, r.slot));
                               last = std::max(last.value_or(known), known);
                             });
    if (!loaded)
      return loaded.failure();
  }
  return of_day->failed() ? result<std::optional<std::int64_t>>(database_->failure("cannot read")) : last;
}

result<std::unordered_map<std::uint32_t, known_time>> store_reader::known_by_run() {
  auto s = database_->prepare("SELECT number, known FROM runs");
  if (!s)
    return s.failure();
  std::unordered_map<std::uint32_t, known_time> out;
  while (s->step())
    out[static_cast<std::uint32_t>(s->integer(0))] = {s->optional_integer(1)};
  if (s->failed())
    return database_->failure("cannot read");
  return out;
}

result<std::string> store_reader::encoded_loads(transformer_number t, utc_day day) {
  sqlite_statement& s = statements_[day_loads];
  s.bind(1, day_key(day, t));
  std::optional<std::string> bytes = std::string();
  if (s.step())
    bytes = unpack(s.bytes(0));
  const bool failed = s.failed();
  s.reset();
  if (failed)
    return database_->failure("cannot read");
  if (!bytes)
    return damaged("load of " + format_day(day));
  return std::move(*bytes);
}

result<std::vector<feeder_day_load>> store_reader::loads(transformer_number t, utc_day day) {
  const auto bytes = encoded_loads(t, day);
  if (!bytes)
    return bytes.failure();
  std::vector<feeder_day_load> feeders;
  if (!bytes->empty() && !decode_loads(*bytes, feeders))
    return damaged("load of " + format_day(day));
  return feeders;
}

result<void>
store_reader::for_each_shape_part(utc_day first, utc_day last,
                                  const std::function<bool(transformer_number, utc_day, std::string_view)>& f) {
  auto s = database_->prepare("SELECT key, body FROM shape_parts WHERE key BETWEEN ?1 AND ?2 ORDER BY key");
  if (!s)
    return s.failure();
  s->bind(1, day_key(first, {0})).bind(2, day_key(last, {0xFFFF'FFFF}));
  while (s->step())
    if (!f({static_cast<std::uint32_t>(s->integer(0))}, {static_cast<std::int32_t>(s->integer(0) >> 32)}, s->bytes(1)))
      return {};
  return s->failed() ? result<void>(database_->failure("cannot read")) : result<void>();
}

result<std::optional<std::string>> store_reader::shape_part(transformer_number t, utc_day day) {
  sqlite_statement& s = statements_[day_shapes];
  s.bind(1, day_key(day, t));
  std::optional<std::string> out;
  if (s.step())
    out.emplace(s.bytes(0));
  const bool failed = s.failed();
  s.reset();
  if (failed)
    return database_->failure("cannot read");
  return out;
}

result<std::optional<store_reader::summary>> store_reader::day_summary(transformer_number t, utc_day day) {
  sqlite_statement& s = statements_[day_summaries];
  s.bind(1, day_key(day, t));
  std::optional<summary> out;
  bool good = true;
  if (s.step()) {
    auto nodes = unpack(s.bytes(0));
    auto masks = unpack(s.bytes(1));
    good = nodes && masks;
    if (good)
      out = summary{std::move(*nodes), std::move(*masks)};
  }
  const bool failed = s.failed();
  s.reset();
  if (failed)
    return database_->failure("cannot read");
  if (!good)
    return damaged("summary of " + format_day(day));
  return out;
}

result<std::unordered_map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>>> store_reader::gap_counts() {
  auto s = database_->prepare("SELECT transformer, gaps, periods FROM gap_counts");
  if (!s)
    return s.failure();
  std::unordered_map<std::uint32_t, std::pair<std::uint64_t, std::uint64_t>> out;
  while (s->step())
    out[static_cast<std::uint32_t>(s->integer(0))] = {static_cast<std::uint64_t>(s->integer(1)),
                                                      static_cast<std::uint64_t>(s->integer(2))};
  if (s->failed())
    return database_->failure("cannot read");
  return out;
}

template <class Work>
auto stored_days::with_reader(const Work& work) -> decltype(work(std::declval<store_reader&>())) {
  std::unique_ptr<store_reader> reader;
  {
    const std::lock_guard guard(mutex_);
    if (!idle_.empty()) {
      reader = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (!reader) {
    auto opened = store_reader::open(*folder_);
    if (!opened)
      return opened.failure();
    reader = std::make_unique<store_reader>(std::move(*opened));
  }
  auto out = work(*reader);
  const std::lock_guard guard(mutex_);
  idle_.push_back(std::move(reader));
  return out;
}

result<std::size_t> stored_days::load(transformer_number t, utc_day day, const take& f) {
  return with_reader([&](store_reader& r) { return r.load(t, day, f); });
}

result<std::string> stored_days::loads(transformer_number t, utc_day day) {
  return with_reader([&](store_reader& r) { return r.encoded_loads(t, day); });
}

result<std::string> stored_days::masks(transformer_number t, utc_day day) {
  return with_reader([&](store_reader& r) -> result<std::string> {
    auto summary = r.day_summary(t, day);
    if (!summary)
      return summary.failure();
    return *summary ? std::move((*summary)->masks) : std::string();
  });
}

} // namespace gridtwin
