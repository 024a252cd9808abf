#include "src/store/store_writer.hpp"

#include "src/store/bytes.hpp"
#include "src/store/input_identity.hpp"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>
#include <unordered_map>

namespace gridtwin {

struct store_writer::statements {
  sqlite_statement add_fragment;
  sqlite_statement put_day;
  sqlite_statement fragment_records;
  sqlite_statement drop_fragments;
  sqlite_statement add_reject;
  sqlite_statement put_summary;
  sqlite_statement day_summarised;
  sqlite_statement put_gaps;
  sqlite_statement put_shapes;
};

namespace {

// Pages of 8 KB in the write-ahead log from which on it is folded into the file, and most of them: 32 and 128 MB.
constexpr int log_pages_to_fold = 4'000;
constexpr int log_pages_most = 16'000;

constexpr std::string_view add_fragment_sql =
  "INSERT INTO fragments(day, transformer, run, records, body, known) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
constexpr std::string_view put_day_sql =
  "INSERT INTO days(key, summarised, contradicted, loads) VALUES (?1, 0, ?2, ?3) ON CONFLICT(key) DO UPDATE SET "
  "summarised = 0, contradicted = max(contradicted, excluded.contradicted), loads = excluded.loads";
constexpr std::string_view fragment_records_sql = "SELECT records FROM fragments WHERE day = ?1 AND transformer = ?2";
constexpr std::string_view drop_fragments_sql = "DELETE FROM fragments WHERE day = ?1 AND transformer = ?2";
constexpr std::string_view add_reject_sql =
  "INSERT INTO rejects(source, line, item, identity, code, meter, quantity, period_end, detail, raw, known) "
  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "
  "ON CONFLICT(source, line, item, identity) DO UPDATE SET known = excluded.known "
  "WHERE coalesce(excluded.known, ?12) < coalesce(known, ?12)";
constexpr std::string_view put_summary_sql = "INSERT OR REPLACE INTO summaries(key, nodes, masks) VALUES (?1, ?2, ?3)";
constexpr std::string_view day_summarised_sql = "UPDATE days SET summarised = 1 WHERE key = ?1";
constexpr std::string_view put_shapes_sql = "INSERT OR REPLACE INTO shape_parts(key, body) VALUES (?1, ?2)";
constexpr std::string_view put_gaps_sql =
  "INSERT OR REPLACE INTO gap_counts(transformer, gaps, periods) VALUES (?1, ?2, ?3)";

/// Bytes of a transformer's part of a record: number, length and section.
std::size_t part_bytes(const transformer_commit& t) {
  std::string head;
  byte_writer w(head);
  w.number(t.transformer.value);
  w.number(t.journal_section.size());
  return head.size() + t.journal_section.size();
}

std::string records_of(record_id id) {
  std::string out;
  byte_writer(out).number(static_cast<std::uint64_t>(id.value));
  return out;
}

void encode_reject(byte_writer& w, const kept_reject& r) {
  w.number(r.source);
  w.number(r.line);
  w.byte(r.item);
  for (const std::string_view text :
       {name_of(r.verdict), std::string_view(r.meter), std::string_view(r.quantity), std::string_view(r.period_end),
        std::string_view(r.detail), std::string_view(r.raw)})
    w.text(text);
}

/// Whether a group has anything that supervision tells.
bool is_supervised(const group_commit& group) {
  return std::any_of(group.transformers.begin(), group.transformers.end(), [](const transformer_commit& t) {
    return !t.letters.empty() || !t.faults.empty() || !t.settled_letters.empty();
  });
}

} // namespace

store_writer::store_writer(const store_folder& folder, sqlite_database database, run_opening opening)
  : database_(std::make_unique<sqlite_database>(std::move(database))), folding_(std::make_unique<log_folding>(folder)),
    opening_(std::move(opening)) {}

store_writer::~store_writer() = default;
store_writer::store_writer(store_writer&&) noexcept = default;
store_writer& store_writer::operator=(store_writer&&) noexcept = default;

result<store_writer> store_writer::open(const store_folder& folder, run_opening opening) {
  auto database = folder.connect_writer();
  if (!database)
    return database.failure();
  store_writer out(folder, std::move(*database), std::move(opening));
  if (auto ready = out.prepare(); !ready)
    return ready.failure();
  return out;
}

result<void> store_writer::prepare() {
  auto journal = journal_appender::open(*database_);
  if (!journal)
    return journal.failure();
  journal_ = std::make_unique<journal_appender>(std::move(*journal));
  std::vector<sqlite_statement> ready;
  for (const sql_text sql : std::initializer_list<sql_text>{add_fragment_sql, put_day_sql, fragment_records_sql,
                                                            drop_fragments_sql, add_reject_sql, put_summary_sql,
                                                            day_summarised_sql, put_gaps_sql, put_shapes_sql}) {
    auto statement = database_->prepare(sql);
    if (!statement)
      return statement.failure();
    ready.push_back(std::move(*statement));
  }
  statements_ = std::make_unique<statements>(statements{std::move(ready[0]), std::move(ready[1]), std::move(ready[2]),
                                                        std::move(ready[3]), std::move(ready[4]), std::move(ready[5]),
                                                        std::move(ready[6]), std::move(ready[7]), std::move(ready[8])});
  const auto last_run = database_->number("SELECT coalesce(max(number), 0) FROM runs");
  if (!last_run)
    return last_run.failure();
  run_ = static_cast<std::uint32_t>(*last_run) + 1;
  auto known = database_->prepare("SELECT number, name FROM sources");
  if (!known)
    return known.failure();
  while (known->step()) {
    const auto number = static_cast<std::uint32_t>(known->integer(0));
    sources_.emplace(known->bytes(1), number);
    next_source_ = std::max(next_source_, number + 1);
  }
  if (known->failed())
    return database_->failure("cannot read");
  for (std::size_t i = 0; i < opening_.sources.size(); ++i) {
    const auto [at, fresh] = sources_.try_emplace(opening_.sources[i], next_source_);
    if (fresh) {
      new_sources_.push_back(i);
      ++next_source_;
    }
    source_numbers_.push_back(at->second);
  }
  return {};
}

result<void> store_writer::in_transaction(const auto& work) {
  if (auto done = database_->in_transaction(work); !done) {
    journal_->forget();
    return done;
  }
  journal_->committed();
  return bound_log();
}

/// The log is folded beside the writer. Where it grows faster, the writer folds what is left itself, so that the log
/// begins anew.
result<void> store_writer::bound_log() {
  if (database_->log_pages() < log_pages_to_fold)
    return {};
  folding_->begin();
  if (database_->log_pages() < log_pages_most)
    return {};
  if (auto folded = folding_->finish(); !folded)
    return folded;
  return database_->execute("PRAGMA wal_checkpoint(PASSIVE)");
}

result<void> store_writer::commit(const group_commit& group, std::vector<record_id>* records) {
  if (records != nullptr)
    records->assign(group.transformers.size(), {});
  const bool adds = !group.rejects.empty() || !group.sources.empty()
                    || std::any_of(group.transformers.begin(), group.transformers.end(),
                                   [](const auto& t) { return !t.journal_section.empty() || !t.rejects.empty(); });
  if (!adds && !is_supervised(group))
    return {};
  return in_transaction([&] { return write_group(group, records); });
}

result<void> store_writer::write_opening() {
  if (opened_)
    return {};
  opened_ = true;
  std::vector<named_source> sources;
  for (const std::size_t i : new_sources_)
    sources.push_back({source_numbers_[i], opening_.sources[i]});
  if (auto written = write_sources(sources); !written)
    return written;
  auto add_run = database_->prepare("INSERT INTO runs(number, options, known) VALUES (?1, ?2, ?3)");
  if (!add_run)
    return add_run.failure();
  if (!add_run->bind(1, run_).bind_text(2, opening_.options).bind_optional(3, opening_.known.at_s).run())
    return database_->failure("cannot write");
  if (auto written = write_topology(*database_, opening_.topology, *opening_.estate); !written)
    return written;
  if (opening_.topology.new_estate)
    if (auto added = journal_->append(estate_shard, record_kind::topology, opening_.topology.hash); !added)
      return added.failure();
  if (auto added = journal_->append(estate_shard, record_kind::run, opening_.options); !added)
    return added.failure();
  return {};
}

result<void> store_writer::write_sources(const std::vector<named_source>& sources) {
  if (sources.empty())
    return {};
  auto add = database_->prepare("INSERT INTO sources(number, name) VALUES (?1, ?2)");
  if (!add)
    return add.failure();
  for (const named_source& source : sources)
    if (!add->bind(1, source.number).bind_text(2, source.name).run())
      return database_->failure("cannot write");
  return {};
}

result<void> store_writer::write_group(const group_commit& group, std::vector<record_id>* records) {
  if (auto written = write_sources(group.sources); !written)
    return written;
  // Rejects that are known already may be all there is: then the run has still added nothing.
  const bool adds_readings = std::any_of(group.transformers.begin(), group.transformers.end(),
                                         [](const auto& t) { return !t.journal_section.empty(); });
  if (adds_readings) {
    if (auto begun = write_opening(); !begun)
      return begun;
    if (auto written = write_readings(group, records); !written)
      return written;
  }
  if (auto written = write_rejects(group); !written)
    return written;
  return is_supervised(group) ? write_supervision(*database_, *journal_, supervised(), group.transformers)
                              : result<void>();
}

supervised_run store_writer::supervised() {
  return {run_, opening_.known, [this] { return write_opening(); }};
}

result<void> store_writer::write_readings(const group_commit& group, std::vector<record_id>* records) {
  std::array<std::vector<const transformer_commit*>, shard_count> by_shard;
  for (const transformer_commit& t : group.transformers)
    if (!t.journal_section.empty())
      by_shard[t.shard].push_back(&t);
  for (std::uint32_t shard = 0; shard < shard_count; ++shard) {
    const auto& parts = by_shard[shard];
    for (std::size_t i = 0; i < parts.size();) {
      std::string body;
      byte_writer w(body);
      w.number(run_);
      const std::size_t first = i;
      for (; i < parts.size() && (i == first || body.size() + part_bytes(*parts[i]) <= largest_record); ++i) {
        w.number(parts[i]->transformer.value);
        w.text(parts[i]->journal_section);
      }
      const auto record = journal_->append(shard, record_kind::readings, body);
      if (!record)
        return record.failure();
      for (std::size_t k = first; k < i; ++k) {
        if (records != nullptr)
          (*records)[static_cast<std::size_t>(parts[k] - group.transformers.data())] = *record;
        if (auto written = write_days(*parts[k], *record); !written)
          return written;
      }
    }
  }
  return {};
}

result<void> store_writer::write_days(const transformer_commit& t, record_id record) {
  statements& s = *statements_;
  for (const day_commit& day : t.days) {
    const std::string records = records_of(record);
    if (day.merge) {
      std::string all;
      if (auto merged = drop_fragments(t.transformer, day.day, all); !merged)
        return merged;
      all += records;
      for (const auto& [run, body] : {std::pair{std::uint32_t{0}, &day.earlier}, std::pair{run_, &day.this_run}}) {
        if (body->empty())
          continue;
        if (auto added = add_fragment(t.transformer, day.day, run, all, *body); !added)
          return added;
      }
    } else {
      if (auto added = add_fragment(t.transformer, day.day, run_, records, day.added); !added)
        return added;
    }
    if (!s.put_day.bind(1, day_key(day.day, t.transformer))
           .bind(2, day.contradicted ? 1 : 0)
           .bind_blob(3, day.loads)
           .run())
      return database_->failure("cannot write");
  }
  return {};
}

/// Fragments are merged only where all became known as the run's own readings did.
result<void> store_writer::add_fragment(transformer_number t, utc_day day, std::uint32_t run, std::string_view records,
                                        std::string_view body) {
  sqlite_statement& add = statements_->add_fragment;
  add.bind(1, day.number).bind(2, t.value).bind(3, run).bind_blob(4, records).bind_blob(5, body);
  if (!add.bind_optional(6, opening_.known.at_s).run())
    return database_->failure("cannot write");
  return {};
}

/// Drops a day's fragments; `records` gets the journal records that they came from.
result<void> store_writer::drop_fragments(transformer_number t, utc_day day, std::string& records) {
  statements& s = *statements_;
  s.fragment_records.bind(1, day.number).bind(2, t.value);
  std::vector<std::uint64_t> ids;
  while (s.fragment_records.step()) {
    byte_reader in(s.fragment_records.bytes(0));
    while (!in.at_end())
      ids.push_back(in.number());
  }
  const bool failed = s.fragment_records.failed();
  s.fragment_records.reset();
  s.drop_fragments.bind(1, day.number).bind(2, t.value);
  if (failed || !s.drop_fragments.run())
    return database_->failure("cannot merge fragments in");
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  byte_writer w(records);
  for (const std::uint64_t id : ids)
    w.number(id);
  return {};
}

result<bool> store_writer::keep(const kept_reject& r) {
  sqlite_statement& add = statements_->add_reject;
  add.bind(1, r.source).bind(2, static_cast<std::int64_t>(r.line)).bind(3, r.item).bind(4, identity_of(r));
  add.bind_text(5, name_of(r.verdict)).bind_text(6, r.meter).bind_text(7, r.quantity).bind_text(8, r.period_end);
  // Its period's end; one that cannot be read has been known for ever.
  const auto end = parse_instant(r.period_end);
  add.bind_text(9, r.detail).bind_blob(10, r.raw).bind_optional(11, opening_.known.at_s);
  add.bind(12, end ? *end : std::numeric_limits<std::int64_t>::min());
  if (!add.run())
    return database_->failure("cannot write");
  return database_->changes() != 0;
}

result<void> store_writer::write_rejects(const group_commit& group) {
  std::string body;
  const auto flush = [&]() -> result<void> {
    if (body.empty())
      return {};
    if (auto begun = write_opening(); !begun)
      return begun;
    auto added = journal_->append(estate_shard, record_kind::rejects, body);
    body.clear();
    return added ? result<void>() : added.failure();
  };
  const auto put = [&](const kept_reject& r) -> result<void> {
    const auto fresh = keep(r);
    if (!fresh)
      return fresh.failure();
    if (!*fresh)
      return {};
    byte_writer w(body);
    encode_reject(w, r);
    return body.size() < largest_record / 2 ? result<void>() : flush();
  };
  for (const kept_reject& r : group.rejects)
    if (auto done = put(r); !done)
      return done;
  for (const transformer_commit& t : group.transformers)
    for (const kept_reject& r : t.rejects)
      if (auto done = put(r); !done)
        return done;
  return flush();
}

result<void> store_writer::write_summary(const transformer_summary& summary) {
  statements& s = *statements_;
  for (const day_summary& day : summary.days) {
    const std::int64_t key = day_key(day.day, summary.transformer);
    if (!day.merged.empty()) {
      std::string records;
      if (auto dropped = drop_fragments(summary.transformer, day.day, records); !dropped)
        return dropped;
      if (auto added = add_fragment(summary.transformer, day.day, 0, records, day.merged); !added)
        return added;
    }
    if (!s.put_summary.bind(1, key).bind_blob(2, day.nodes).bind_blob(3, day.masks).run()
        || !s.put_shapes.bind(1, key).bind_blob(2, day.shapes).run() || !s.day_summarised.bind(1, key).run())
      return database_->failure("cannot write");
  }
  if (!summary.counted)
    return {};
  s.put_gaps.bind(1, summary.transformer.value).bind(2, static_cast<std::int64_t>(summary.counted->gaps));
  if (!s.put_gaps.bind(3, static_cast<std::int64_t>(summary.counted->periods)).run())
    return database_->failure("cannot write");
  return {};
}

result<void> store_writer::commit_summaries(const std::vector<transformer_summary>& summaries) {
  if (summaries.empty())
    return {};
  return in_transaction([&]() -> result<void> {
    for (const transformer_summary& summary : summaries)
      if (auto written = write_summary(summary); !written)
        return written;
    return {};
  });
}

result<void> store_writer::commit_counters(std::span<const std::pair<std::string_view, std::int64_t>> counters) {
  if (std::all_of(counters.begin(), counters.end(), [](const auto& counter) { return counter.second == 0; }))
    return {};
  return in_transaction([&] { return write_counters(*database_, supervised(), counters); });
}

result<void> store_writer::commit_acts(std::span<const audit_event> acts) {
  if (acts.empty())
    return {};
  return in_transaction([&]() -> result<void> {
    for (const audit_event& act : acts)
      if (auto written = write_audit(*database_, *journal_, act); !written)
        return written;
    return {};
  });
}

result<void> store_writer::close() {
  const bool changed = opening_.topology.new_estate || !opening_.topology.rows.empty() || opening_.binds_rules;
  if (changed && !opened_)
    if (auto bound = in_transaction([&] { return write_opening(); }); !bound)
      return bound;
  if (auto folded = folding_->finish(); !folded)
    return folded;
  // Everything is durable. Whoever still reads, and may stand still, is not waited for: the next run folds the log.
  return database_->execute("PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(TRUNCATE)");
}

} // namespace gridtwin
