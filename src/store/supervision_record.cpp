#include "src/store/supervision_record.hpp"

#include "src/store/dead_letters.hpp"
#include "src/store/letter_record.hpp"

#include <utility>

namespace gridtwin {

namespace {

/// Writes what one group brings.
class group_writer {
public:
  group_writer(sqlite_database& database, letter_table letters, const supervised_run& run)
    : database_(&database), letters_(std::move(letters)), run_(&run), record_(run.number, run.known) {}

  /// What was judged after all goes first: the same input may have come, and failed, once more.
  result<void> settle(std::int64_t id) {
    const auto before = letters_.end(id, letter_state::settled);
    if (!before)
      return before.failure();
    if (*before == letter_state::waiting)
      record_.settled(id);
    return {};
  }

  result<void> keep(transformer_number t, const dead_letter& letter) {
    const auto id = letters_.keep(t, letter, run_->number, run_->known);
    if (!id)
      return id.failure();
    if (*id)
      record_.letter(**id, t, letter);
    return {};
  }

  result<void> count(transformer_number t, const twin_fault& fault) {
    auto put = database_->prepare(
      "INSERT INTO twin_faults(transformer, slot, mpan, run, restarts, parked, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
      "?7) ON CONFLICT(transformer, slot, run) DO UPDATE SET restarts = restarts + excluded.restarts, "
      "parked = max(parked, excluded.parked), reason = excluded.reason");
    if (!put)
      return put.failure();
    put->bind(1, t.value).bind(2, fault.twin.value).bind(3, static_cast<std::int64_t>(fault.meter.number));
    put->bind(4, run_->number).bind(5, fault.restarts).bind(6, fault.parked ? 1 : 0).bind_text(7, fault.reason);
    if (!put->run())
      return database_->failure("cannot write");
    counted_ = true;
    return {};
  }

  /// One that is parked stays so with the reason that it was parked for.
  result<void> park(transformer_number t, const twin_fault& fault) {
    auto put = database_->prepare("INSERT INTO parked_twins(transformer, slot, mpan, run, reason) VALUES (?1, ?2, ?3, "
                                  "?4, ?5) ON CONFLICT DO NOTHING");
    if (!put)
      return put.failure();
    put->bind(1, t.value).bind(2, fault.twin.value).bind(3, static_cast<std::int64_t>(fault.meter.number));
    if (!put->bind(4, run_->number).bind_text(5, fault.reason).run())
      return database_->failure("cannot write");
    if (database_->changes() != 0)
      record_.parked(t, fault);
    return {};
  }

  bool wrote() const noexcept { return counted_ || !bodies().empty(); }
  /// Of the journal's records.
  const std::vector<std::string>& bodies() const noexcept { return record_.bodies(); }

private:
  sqlite_database* database_;
  letter_table letters_;
  const supervised_run* run_;
  letters_encoder record_;
  bool counted_ = false;
};

result<void> write_transformer(group_writer& writer, const transformer_commit& t) {
  for (const std::int64_t id : t.settled_letters)
    if (auto done = writer.settle(id); !done)
      return done;
  for (const dead_letter& letter : t.letters)
    if (auto done = writer.keep(t.transformer, letter); !done)
      return done;
  for (const twin_fault& fault : t.faults) {
    if (fault.restarts == 0 && !fault.parked)
      continue;
    if (auto done = writer.count(t.transformer, fault); !done)
      return done;
    if (auto done = fault.parked ? writer.park(t.transformer, fault) : result<void>(); !done)
      return done;
  }
  return {};
}

/// Gathers what `make` makes of each row.
template <class T, class Make>
result<std::vector<T>> gather(sqlite_database& database, sqlite_statement rows, const Make& make) {
  std::vector<T> out;
  while (rows.step())
    out.push_back(make(rows));
  if (rows.failed())
    return database.failure("cannot read");
  return out;
}

template <class T, class Make>
result<std::vector<T>> gather(sqlite_database& database, sql_text sql, const Make& make) {
  auto rows = database.prepare(sql);
  return rows ? gather<T>(database, std::move(*rows), make) : result<std::vector<T>>(rows.failure());
}

std::uint32_t small(const sqlite_statement& row, int column) { return static_cast<std::uint32_t>(row.integer(column)); }

} // namespace

result<void> write_supervision(sqlite_database& database, journal_appender& journal, const supervised_run& run,
                               std::span<const transformer_commit> group) {
  auto letters = letter_table::open(database);
  if (!letters)
    return letters.failure();
  group_writer writer(database, std::move(*letters), run);
  for (const transformer_commit& t : group)
    if (auto done = write_transformer(writer, t); !done)
      return done;
  if (auto begun = writer.wrote() ? run.begin() : result<void>(); !begun)
    return begun;
  for (const std::string& body : writer.bodies())
    if (auto added = journal.append(estate_shard, record_kind::letters, body); !added)
      return added.failure();
  return {};
}

result<void> write_counters(sqlite_database& database, const supervised_run& run,
                            std::span<const std::pair<std::string_view, std::int64_t>> counters) {
  auto put =
    database.prepare("INSERT INTO run_counters(run, name, value) VALUES (?1, ?2, ?3) ON CONFLICT(run, name) DO "
                     "UPDATE SET value = value + excluded.value");
  if (!put)
    return put.failure();
  for (const auto& [name, value] : counters) {
    if (value == 0)
      continue;
    if (auto begun = run.begin(); !begun)
      return begun;
    if (!put->bind(1, run.number).bind_text(2, name).bind(3, value).run())
      return database.failure("cannot write");
  }
  return {};
}

result<std::vector<parked_twin>> parked_twins(sqlite_database& database) {
  return gather<parked_twin>(database,
                             "SELECT transformer, slot, mpan, run, reason FROM parked_twins ORDER BY transformer, slot",
                             [](const sqlite_statement& row) {
                               return parked_twin{{small(row, 0)},
                                                  {small(row, 1)},
                                                  {static_cast<std::uint64_t>(row.integer(2))},
                                                  small(row, 3),
                                                  std::string(row.bytes(4))};
                             });
}

result<std::vector<twin_record>> twin_records(sqlite_database& database, std::optional<std::uint32_t> run) {
  // Beside max(run), bare columns are of the row that has it.
  auto rows = database.prepare("SELECT transformer, slot, mpan, sum(restarts), sum(parked), max(run), reason FROM "
                               "twin_faults WHERE ?1 IS NULL OR run = ?1 GROUP BY transformer, slot ORDER BY "
                               "transformer, slot");
  if (!rows)
    return rows.failure();
  rows->bind_optional(1, run);
  return gather<twin_record>(database, std::move(*rows), [](const sqlite_statement& row) {
    return twin_record{{small(row, 0)},
                       {small(row, 1)},
                       {static_cast<std::uint64_t>(row.integer(2))},
                       static_cast<std::uint64_t>(row.integer(3)),
                       small(row, 4),
                       small(row, 5),
                       std::string(row.bytes(6))};
  });
}

result<std::vector<run_counter>> run_counters(sqlite_database& database) {
  return gather<run_counter>(database, "SELECT run, name, value FROM run_counters ORDER BY run, name",
                             [](const sqlite_statement& row) {
                               return run_counter{small(row, 0), std::string(row.bytes(1)), row.integer(2)};
                             });
}

result<std::vector<suspect>> suspects(sqlite_database& database) {
  return gather<suspect>(database, "SELECT source, line, item, deaths FROM suspects ORDER BY source, line, item",
                         [](const sqlite_statement& row) {
                           return suspect{std::string(row.bytes(0)), static_cast<std::uint64_t>(row.integer(1)),
                                          static_cast<std::uint8_t>(row.integer(2)), small(row, 3)};
                         });
}

} // namespace gridtwin
