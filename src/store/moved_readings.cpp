#include "src/store/moved_readings.hpp"

#include "src/store/bytes.hpp"
#include "src/store/fragment_builder.hpp"
#include "src/store/journal.hpp"
#include "src/store/reading_places.hpp"
#include "src/store/store_reader.hpp"
#include "twins/load.hpp"
#include "twins/meter_twin.hpp"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

namespace gridtwin {

namespace {

/// Moves readings through the one connection that writes, day by day.
class reading_mover {
public:
  using stored_day = std::pair<utc_day, transformer_number>;

  static result<reading_mover> make(const store_folder& folder, const estate& e, const topology_binding& binding);

  /// Days of which some reading must move, in order. Error: bad_estate, where one cannot.
  result<std::vector<stored_day>> find();
  /// Moves them and binds the estate, in one transaction.
  result<void> write(const std::vector<stored_day>& days, const estate_bytes& bytes);

private:
  enum statement { fragment_ids, fragment, put_body, drop_fragment, add_fragment, put_day, drop_day, drop_summary };

  reading_mover(store_reader reader, const estate& e, const topology_binding& binding)
    : reader_(std::move(reader)), estate_(&e), binding_(&binding),
      places_(e, binding.topology, binding.change.narrowed) {}

  sqlite_database& database() noexcept { return reader_.database(); }
  result<void> run(statement which) {
    return statements_[which].run() ? result<void>() : result<void>(database().failure("cannot move readings in"));
  }

  result<void> write_all(const std::vector<stored_day>& days, const estate_bytes& bytes);
  result<void> split_day(const stored_day& day);
  result<void> split_fragment(std::int64_t id, const stored_day& day);
  result<void> sum_day(const stored_day& day);
  result<void> drop(const stored_day& day);
  result<void> count_anew();
  result<void> write_journal();

  store_reader reader_;
  const estate* estate_;
  const topology_binding* binding_;
  reading_places places_;
  std::unordered_map<std::uint32_t, transformer_index> index_of_number_;
  std::vector<sqlite_statement> statements_;
  std::set<transformer_number> touched_now_; ///< of the day at hand
  std::set<transformer_number> recount_;
};

result<reading_mover> reading_mover::make(const store_folder& folder, const estate& e,
                                          const topology_binding& binding) {
  auto connection = folder.connect_writer();
  if (!connection)
    return connection.failure();
  auto reader = store_reader::over(std::move(*connection));
  if (!reader)
    return reader.failure();
  reading_mover out(std::move(*reader), e, binding);
  for (const sql_text sql : std::initializer_list<sql_text>{
         "SELECT id FROM fragments WHERE day = ?1 AND transformer = ?2 ORDER BY id",
         "SELECT run, known, records, body FROM fragments WHERE id = ?1",
         "UPDATE fragments SET body = ?2 WHERE id = ?1", "DELETE FROM fragments WHERE id = ?1",
         "INSERT INTO fragments(day, transformer, run, known, records, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
         "INSERT OR REPLACE INTO days(key, summarised, contradicted, loads) VALUES (?1, 0, ?2, ?3)",
         "DELETE FROM days WHERE key = ?1", "DELETE FROM summaries WHERE key = ?1"}) {
    auto statement = out.database().prepare(sql);
    if (!statement)
      return statement.failure();
    out.statements_.push_back(std::move(*statement));
  }
  for (std::uint32_t i = 0; i < binding.topology.number_of.size(); ++i)
    out.index_of_number_.emplace(binding.topology.number_of[i].value, transformer_index{i});
  out.recount_.insert(binding.change.recount.begin(), binding.change.recount.end());
  return out;
}

result<std::vector<reading_mover::stored_day>> reading_mover::find() {
  std::vector<stored_day> days;
  const auto listed = reader_.for_each_day([&](transformer_number t, utc_day day, bool) {
    if (const left_readings* const left = places_.find(t); left != nullptr && left->any_leaves(day))
      days.emplace_back(day, t);
  });
  if (!listed)
    return listed.failure();
  std::vector<stored_day> out;
  std::uint64_t orphans = 0;
  std::string example;
  for (const auto& [day, t] : days) {
    left_readings& left = *places_.find(t);
    bool moves = false;
    const auto loaded = reader_.load(t, day, [&](const stored_reading& r, const fragment_origin&) {
      const reading_fate f = left.fate_of(r);
      moves = moves || f.what == reading_fate::moves;
      if (f.what == reading_fate::orphaned && orphans++ == 0)
        example = to_string(left.meter_of(r.twin)) + " " + std::string(name_of(r.quantity)) + " at "
                  + format_period(period_at(r.day, r.slot));
    });
    if (!loaded)
      return loaded.failure();
    if (moves)
      out.emplace_back(day, t);
  }
  if (orphans == 0)
    return out;
  return error{errc::bad_estate, "the estate has changed so that no row of meters.csv holds " + std::to_string(orphans)
                                   + " stored readings any more (first: " + example
                                   + "): give their meters rows whose ranges and quantities cover them"};
}

result<void> reading_mover::write(const std::vector<stored_day>& days, const estate_bytes& bytes) {
  return database().in_transaction([&] { return write_all(days, bytes); });
}

result<void> reading_mover::write_all(const std::vector<stored_day>& days, const estate_bytes& bytes) {
  // All of one UTC day are split before the first of them is summed: what one gives, another may take.
  for (std::size_t first = 0, end = 0; first < days.size(); first = end) {
    touched_now_.clear();
    for (; end < days.size() && days[end].first == days[first].first; ++end)
      if (auto split = split_day(days[end]); !split)
        return split;
    for (const transformer_number t : touched_now_)
      if (auto summed = sum_day({days[first].first, t}); !summed)
        return summed;
    recount_.insert(touched_now_.begin(), touched_now_.end());
  }
  if (auto written = write_topology(database(), binding_->change, bytes); !written)
    return written;
  if (auto written = write_journal(); !written)
    return written;
  return count_anew();
}

result<void> reading_mover::split_day(const stored_day& day) {
  sqlite_statement& s = statements_[fragment_ids];
  s.bind(1, day.first.number).bind(2, day.second.value);
  std::vector<std::int64_t> ids;
  while (s.step())
    ids.push_back(s.integer(0));
  const bool failed = s.failed();
  s.reset();
  if (failed)
    return database().failure("cannot read");
  for (const std::int64_t id : ids)
    if (auto split = split_fragment(id, day); !split)
      return split;
  return {};
}

/// A fragment becomes several, one for each transformer; run, known time and records go with each.
result<void> reading_mover::split_fragment(std::int64_t id, const stored_day& day) {
  const auto [when, t] = day;
  left_readings& left = *places_.find(t);
  sqlite_statement& s = statements_[fragment];
  s.bind(1, id);
  const auto bytes = s.step() ? unpack(s.bytes(3)) : std::nullopt;
  std::map<transformer_number, fragment_builder> parts;
  bool any_moves = false;
  const bool good = bytes && decode_fragment(*bytes, when, [&, here = t](stored_reading r) {
                      const reading_fate f = left.fate_of(r);
                      any_moves = any_moves || f.what == reading_fate::moves;
                      if (f.what == reading_fate::moves)
                        r.twin = f.to.slot;
                      parts[f.what == reading_fate::moves ? f.to.transformer : here].add(r);
                    });
  const std::int64_t run_number = good ? s.integer(0) : 0;
  const std::optional<std::int64_t> known = good ? s.optional_integer(1) : std::nullopt;
  const std::string records(good ? s.bytes(2) : std::string_view());
  s.reset();
  if (!good)
    return error{errc::store_failed, "the store's day " + format_day(when) + " is damaged"};
  if (!any_moves)
    return {};
  touched_now_.insert(t);
  if (!parts.contains(t)) {
    statements_[drop_fragment].bind(1, id);
    if (auto dropped = run(drop_fragment); !dropped)
      return dropped;
  }
  for (auto& [to, part] : parts) {
    const std::string body = pack(part.encode());
    touched_now_.insert(to);
    if (to == t)
      statements_[put_body].bind(1, id).bind_blob(2, body);
    else
      statements_[add_fragment]
        .bind(1, when.number)
        .bind(2, to.value)
        .bind(3, run_number)
        .bind_optional(4, known)
        .bind_blob(5, records)
        .bind_blob(6, body);
    if (auto written = run(to == t ? put_body : add_fragment); !written)
      return written;
  }
  return {};
}

result<void> reading_mover::drop(const stored_day& day) {
  for (const statement which : {drop_day, drop_summary}) {
    statements_[which].bind(1, day_key(day.first, day.second));
    if (auto dropped = run(which); !dropped)
      return dropped;
  }
  return {};
}

/// The loads of a day's feeders, anew from all its readings.
result<void> reading_mover::sum_day(const stored_day& day) {
  const auto [when, t] = day;
  const auto index = index_of_number_.find(t.value);
  std::unordered_map<std::uint32_t, std::uint32_t> place_of_slot;
  std::vector<meter_twin> twins;
  connection_range connections;
  if (index != index_of_number_.end()) {
    connections = connections_of(*estate_, index->second);
    twins.resize(connections.count);
    for (std::uint32_t place = 0; place < connections.count; ++place)
      place_of_slot.emplace(binding_->topology.slot_of[connections.first + place].value, place);
  }
  const auto fragments = reader_.load(t, when, [&](const stored_reading& r, const fragment_origin&) {
    if (const auto place = place_of_slot.find(r.twin.value); place != place_of_slot.end())
      twins[place->second].restore(r.day, r.quantity, r.slot, r.version, r.content, true);
  });
  if (!fragments)
    return fragments.failure();
  if (*fragments == 0)
    return drop(day);
  if (index == index_of_number_.end())
    return error{errc::store_failed, "the store has readings of a transformer that no estate has"};
  const feeder_range feeders = feeders_of(*estate_, index->second);
  std::vector<feeder_day_load> loads;
  for (std::uint32_t f = 0; f < feeders.count; ++f)
    loads.push_back({estate_->feeders[feeders.first + f].id, {}});
  bool contradicted = false;
  for (std::uint32_t place = 0; place < connections.count; ++place) {
    const connection& meter = estate_->connections[connections.first + place];
    add_meter(loads[meter.feeder.value - feeders.first].load, twins[place], when);
    twins[place].days().for_each_of(when, [&](const open_day& held) {
      held.readings.for_each_conflict([&](int, std::uint16_t, const content&) { contradicted = true; });
    });
  }
  const std::string encoded = pack(encode_loads(loads));
  statements_[put_day].bind(1, day_key(when, t)).bind(2, contradicted ? 1 : 0).bind_blob(3, encoded);
  return run(put_day);
}

/// Gaps are counted anew where a run summarises a day: where none is left to be summarised, the last is.
result<void> reading_mover::count_anew() {
  auto drop_counts = database().prepare("DELETE FROM gap_counts WHERE transformer = ?1");
  auto mark = database().prepare("UPDATE days SET summarised = 0 WHERE key = ?1");
  if (!drop_counts || !mark)
    return database().failure("cannot read");
  for (const transformer_number t : recount_)
    if (!drop_counts->bind(1, t.value).run())
      return database().failure("cannot write");
  std::map<transformer_number, utc_day> last;
  const auto listed = reader_.for_each_day([&](transformer_number t, utc_day day, bool) {
    if (recount_.contains(t))
      last[t] = day;
  });
  if (!listed)
    return listed;
  for (const auto& [t, day] : last)
    if (!mark->bind(1, day_key(day, t)).run())
      return database().failure("cannot write");
  return {};
}

result<void> reading_mover::write_journal() {
  auto journal = journal_appender::open(database());
  if (!journal)
    return journal.failure();
  const std::vector<moved_range> moves = places_.made();
  if (!binding_->change.new_estate && moves.empty())
    return {};
  const auto estate_record = journal->append(estate_shard, record_kind::topology, binding_->change.hash);
  if (!estate_record)
    return estate_record.failure();
  auto next_run = database().prepare("SELECT coalesce(max(number), 0) + 1 FROM runs");
  if (!next_run)
    return next_run.failure();
  if (!next_run->step())
    return database().failure("cannot read");
  const auto before_run = static_cast<std::uint32_t>(next_run->integer(0));
  for (const std::string& body : encode_moves(estate_record->offset(), before_run, moves))
    if (auto added = journal->append(estate_shard, record_kind::moves, body); !added)
      return added.failure();
  return {};
}

} // namespace

result<void> move_readings(const store_folder& folder, const estate& e, const estate_bytes& bytes,
                           topology_binding& binding) {
  if (binding.change.narrowed.empty() && binding.change.recount.empty())
    return {};
  auto mover = reading_mover::make(folder, e, binding);
  if (!mover)
    return mover.failure();
  const auto days = mover->find();
  if (!days)
    return days.failure();
  if (auto written = mover->write(*days, bytes); !written)
    return written;
  binding.change = {{}, {}, {}, false, std::move(binding.change.hash), std::move(binding.change.file_hashes)};
  return {};
}

} // namespace gridtwin
