#include "src/store/topology.hpp"

#include "src/store/bytes.hpp"
#include "src/store/kept_texts.hpp"
#include "twins/hash.hpp"

#include <algorithm>
#include <future>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

namespace gridtwin {

namespace {

/// Of a slot that was written before quantities were.
constexpr std::uint8_t quantities_not_told = 0xFF;

/// What a slot stands for, in the store's own words.
struct slot_entry {
  std::uint64_t mpan = 0;
  std::string feeder;
  period_range effective;
  std::uint8_t quantities = quantities_not_told; ///< that may be stored under it; 0: the estate has it no more
};

std::string encode_slots(const std::vector<slot_entry>& slots) {
  std::string out;
  byte_writer w(out);
  w.number(slots.size());
  std::uint64_t previous = 0;
  for (const slot_entry& s : slots) {
    w.signed_number(static_cast<std::int64_t>(s.mpan - previous));
    w.text(s.feeder);
    w.signed_number(s.effective.first);
    w.signed_number(s.effective.end);
    previous = s.mpan;
  }
  for (const slot_entry& s : slots)
    w.byte(s.quantities);
  return out;
}

bool decode_slots(std::string_view packed, std::vector<slot_entry>& slots) {
  const auto bytes = unpack(packed);
  if (!bytes)
    return false;
  byte_reader in(*bytes);
  std::uint64_t mpan = 0;
  for (std::uint64_t count = in.number(); count != 0 && in.ok(); --count) {
    mpan += static_cast<std::uint64_t>(in.signed_number());
    slot_entry s;
    s.mpan = mpan;
    s.feeder = in.text();
    s.effective.first = static_cast<std::int32_t>(in.signed_number());
    s.effective.end = static_cast<std::int32_t>(in.signed_number());
    slots.push_back(std::move(s));
  }
  if (in.left() != 0)
    for (slot_entry& s : slots)
      s.quantities = in.byte();
  return in.ok();
}

struct known_transformer {
  transformer_number number;
  std::vector<slot_entry> slots;
  bool seen = false;
};
using known_transformers = std::unordered_map<std::string, known_transformer>;

result<known_transformers> read_known(sqlite_database& database) {
  auto rows = database.prepare("SELECT number, id, slots FROM transformers");
  if (!rows)
    return rows.failure();
  known_transformers known;
  while (rows->step()) {
    known_transformer t;
    t.number.value = static_cast<std::uint32_t>(rows->integer(0));
    if (!decode_slots(rows->bytes(2), t.slots))
      return error{errc::store_failed, "the store's list of transformers is damaged"};
    known.emplace(std::string(rows->bytes(1)), std::move(t));
  }
  if (rows->failed())
    return database.failure("cannot read");
  return known;
}

constexpr std::string_view transformers_name = "transformers.csv";
constexpr std::string_view feeders_name = "feeders.csv";
constexpr std::string_view meters_name = "meters.csv";
constexpr std::size_t required_files = 3;

/// All files of an estate: the required ones first.
std::vector<std::pair<std::string_view, const std::string*>> files_of(const estate_bytes& bytes) {
  std::vector<std::pair<std::string_view, const std::string*>> out{
    {transformers_name, &bytes.transformers}, {feeders_name, &bytes.feeders}, {meters_name, &bytes.meters}};
  for (const estate_file& file : bytes.optional)
    out.emplace_back(file.name, &file.bytes);
  return out;
}

/// As `topology_change` has them.
struct estate_hashes {
  std::string all;
  std::vector<std::string> files;
};

estate_hashes hash_of(const estate_bytes& bytes) {
  estate_hashes out;
  std::string all;
  for (const auto& [name, text] : files_of(bytes)) {
    out.files.push_back(to_hex(sha256(*text)));
    if (out.files.size() > required_files)
      all += to_hex(sha256(name));
    all += out.files.back();
  }
  out.all = to_hex(sha256(all));
  return out;
}

/// A file that is the same as in an earlier estate is kept once: of a large estate mostly one small file changes.
result<void> write_estate(sqlite_database& database, const topology_change& change, const estate_bytes& bytes) {
  auto add_estate = database.prepare("INSERT INTO estates(hash) VALUES (?1)");
  if (!add_estate)
    return add_estate.failure();
  if (!add_estate->bind_blob(1, change.hash).run())
    return database.failure("cannot write");
  auto add_file = database.prepare("INSERT INTO estate_files(estate, name, hash) "
                                   "VALUES ((SELECT max(version) FROM estates), ?1, ?2)");
  if (!add_file)
    return add_file.failure();
  std::size_t at = 0;
  for (const auto& [name, text] : files_of(bytes)) {
    const std::string& hash = change.file_hashes[at++];
    if (auto kept = keep_text(database, hash, *text); !kept)
      return kept;
    if (!add_file->bind_text(1, name).bind_blob(2, hash).run())
      return database.failure("cannot write");
  }
  return {};
}

constexpr bool covers(const period_range& outer, const period_range& inner) noexcept {
  return outer.first <= inner.first && outer.end >= inner.end;
}

/// Meters with a row that is new (false), or that has another range than it had or is gone (true). Of a store's first
/// estate all rows are new, and nothing is noted.
class changed_meters {
public:
  explicit changed_meters(bool first_estate) : first_estate_(first_estate) {}

  void add(std::uint64_t number, bool known_row) {
    if (!first_estate_)
      meters_[number] |= known_row;
  }
  bool empty() const noexcept { return meters_.empty(); }
  bool contains(std::uint64_t number) const noexcept { return meters_.contains(number); }
  bool known_row(std::uint64_t number) const { return meters_.at(number); }

private:
  bool first_estate_;
  std::unordered_map<std::uint64_t, bool> meters_;
};

/// A slot that no connection claims: from now on nothing is stored under it. False: so it was before.
bool give_up(slot_entry& slot, transformer_number t, std::size_t place, topology_change& change,
             changed_meters& changed) {
  if (slot.quantities == 0)
    return false;
  change.narrowed.push_back(
    {t, {static_cast<std::uint32_t>(place)}, mpan{slot.mpan}, period_range{0, 0}, slot.effective});
  slot.quantities = 0;
  changed.add(slot.mpan, true);
  return true;
}

/// Matches the connections of one transformer with its slots; appends slots for new ones.
class transformer_matcher {
public:
  transformer_matcher(known_transformer& t, topology_binding& out, changed_meters& changed)
    : t_(&t), out_(&out), changed_meters_(&changed) {
    for (std::size_t i = 0; i < t.slots.size(); ++i)
      by_identity_.emplace(identity(t.slots[i]), i);
    matched_.assign(t.slots.size(), false);
  }

  /// Finds the slot of a connection that stands as it stood; others wait for `finish`.
  void match(const estate& e, std::size_t at) {
    if (by_identity_.empty()) // a transformer that the store does not know yet
      return waiting_.push_back(at);
    const connection& c = e.connections[at];
    const auto found = by_identity_.find(identity({c.mpan.number, e.feeder_of(c).id, c.effective}));
    if (found == by_identity_.end())
      waiting_.push_back(at);
    else
      claim(found->second, c, at);
  }

  /// Gives the rest their slots: one of the same meter and feeder with a range that overlaps, for ranges may be mended,
  /// or a new one. Slots that nobody claims hold readings of nobody, if they hold any. True: something has changed.
  bool finish(const estate& e) {
    const std::size_t known = matched_.size();
    for (const std::size_t at : waiting_) {
      const connection& c = e.connections[at];
      const std::string& feeder = e.feeder_of(c).id;
      std::size_t slot = 0;
      while (slot < known
             && (matched_[slot] || t_->slots[slot].mpan != c.mpan.number || t_->slots[slot].feeder != feeder
                 || !overlap(t_->slots[slot].effective, c.effective)))
        ++slot;
      if (slot == known) {
        slot = t_->slots.size();
        t_->slots.push_back({c.mpan.number, feeder, c.effective, c.quantities});
        changed_meters_->add(c.mpan.number, false);
        matched_.push_back(true);
        out_->topology.slot_of[at].value = static_cast<std::uint32_t>(slot);
        changed_ = true;
      } else {
        claim(slot, c, at);
      }
    }
    for (std::size_t i = 0; i < matched_.size(); ++i)
      if (!matched_[i] && give_up(t_->slots[i], t_->number, i, out_->change, *changed_meters_))
        changed_ = true;
    return changed_;
  }

private:
  /// A row that holds no half hour may begin where another begins: it is not that one.
  using identity_type = std::tuple<std::uint64_t, std::string, std::int32_t, bool>;
  static identity_type identity(const slot_entry& s) {
    return {s.mpan, s.feeder, s.effective.first, s.effective.first < s.effective.end};
  }

  static constexpr bool overlap(const period_range& a, const period_range& b) noexcept {
    return a.first < b.end && b.first < a.end;
  }

  void claim(std::size_t place, const connection& c, std::size_t at) {
    slot_entry& slot = t_->slots[place];
    const twin_slot number{static_cast<std::uint32_t>(place)};
    matched_[place] = true;
    out_->topology.slot_of[at] = number;
    const std::uint8_t before = std::exchange(slot.quantities, c.quantities);
    const bool told = before != quantities_not_told;
    const auto lost = static_cast<std::uint8_t>(told ? before & ~c.quantities : 0);
    if (before != 0 && !covers(c.effective, slot.effective))
      out_->change.narrowed.push_back({t_->number, number, c.mpan, c.effective, slot.effective, lost});
    if (slot.effective != c.effective || before == 0)
      changed_meters_->add(c.mpan.number, true);
    if (slot.effective != c.effective || (told && before != c.quantities))
      changed_ = true;
    slot.effective = c.effective;
  }

  known_transformer* t_;
  topology_binding* out_;
  changed_meters* changed_meters_;
  std::vector<std::size_t> waiting_;
  std::map<identity_type, std::size_t> by_identity_;
  std::vector<bool> matched_;
  bool changed_ = false;
};

/// Transformers of meters that have several rows, some of them new or changed: which gaps are theirs has changed.
void list_recounts(const estate& e, const changed_meters& changed, topology_binding& out) {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> rows; // MPAN and transformer
  for (const connection& c : e.connections)
    if (changed.contains(c.mpan.number))
      rows.emplace_back(c.mpan.number, e.transformer_of(c).value);
  std::sort(rows.begin(), rows.end());
  std::vector<transformer_number>& recount = out.change.recount;
  for (std::size_t first = 0, end = 0; first < rows.size(); first = end) {
    while (end < rows.size() && rows[end].first == rows[first].first)
      ++end;
    if (end - first > 1 || changed.known_row(rows[first].first))
      for (std::size_t i = first; i < end; ++i)
        recount.push_back(out.topology.number_of[rows[i].second]);
  }
  std::sort(recount.begin(), recount.end());
  recount.erase(std::unique(recount.begin(), recount.end()), recount.end());
}

} // namespace

result<std::unordered_map<std::uint32_t, named_slots>> read_named_slots(sqlite_database& database) {
  auto known = read_known(database);
  if (!known)
    return known.failure();
  std::unordered_map<std::uint32_t, named_slots> out;
  for (auto& [id, t] : *known) {
    named_slots& named = out[t.number.value];
    named.transformer = id;
    for (const slot_entry& slot : t.slots)
      named.meters.push_back({slot.mpan});
  }
  return out;
}

result<std::unordered_map<std::uint32_t, slot_feeders>> read_slot_feeders(sqlite_database& database) {
  auto known = read_known(database);
  if (!known)
    return known.failure();
  std::unordered_map<std::uint32_t, slot_feeders> out;
  for (auto& [id, t] : *known) {
    slot_feeders& of = out[t.number.value];
    of.transformer = id;
    for (slot_entry& slot : t.slots)
      of.feeder.push_back(std::move(slot.feeder));
  }
  return out;
}

std::string estate_hash(const estate_bytes& bytes) { return hash_of(bytes).all; }

result<topology_binding> bind_topology(sqlite_database& database, const estate& e, const estate_bytes& bytes) {
  auto known = read_known(database);
  if (!known)
    return known.failure();
  auto hashed = std::async(std::launch::async, [&bytes] { return hash_of(bytes); }); // beside the matching
  topology_binding out;
  const auto last = bound_estate_hash(database);
  if (!last)
    return last.failure();
  changed_meters changed(known->empty());
  std::uint32_t next = 0;
  for (const auto& [id, t] : *known)
    next = std::max(next, t.number.value + 1);
  out.topology.number_of.resize(e.transformers.size());
  out.topology.slots_in.resize(e.transformers.size());
  out.topology.slot_of.resize(e.connections.size());
  // Connections stand sorted by feeder, feeders by transformer: one pass goes through each transformer once.
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < e.transformers.size(); ++i) {
    auto [entry, fresh] = known->try_emplace(e.transformers[i].id);
    known_transformer& t = entry->second;
    if (fresh)
      t.number.value = next++;
    t.seen = true;
    transformer_matcher matcher(t, out, changed);
    for (; at < e.connections.size() && e.transformer_of(e.connections[at]).value == i; ++at)
      matcher.match(e, at);
    if (matcher.finish(e) || fresh)
      out.change.rows.push_back({t.number, e.transformers[i].id, encode_slots(t.slots)});
    out.topology.number_of[i] = t.number;
    out.topology.slots_in[i] = static_cast<std::uint32_t>(t.slots.size());
    t.slots = {};
  }
  for (auto& [id, t] : *known) {
    if (t.seen)
      continue;
    bool given_up = false;
    for (std::size_t i = 0; i < t.slots.size(); ++i)
      given_up = give_up(t.slots[i], t.number, i, out.change, changed) || given_up;
    if (given_up)
      out.change.rows.push_back({t.number, id, encode_slots(t.slots)});
  }
  if (!changed.empty())
    list_recounts(e, changed, out);
  estate_hashes hashes = hashed.get();
  out.change.hash = std::move(hashes.all);
  out.change.file_hashes = std::move(hashes.files);
  out.change.new_estate = *last != out.change.hash;
  return out;
}

result<void> write_topology(sqlite_database& database, const topology_change& change, const estate_bytes& bytes) {
  auto put = database.prepare("INSERT OR REPLACE INTO transformers(number, id, slots) VALUES (?1, ?2, ?3)");
  if (!put)
    return put.failure();
  for (const auto& row : change.rows) {
    const std::string packed = pack(row.slots);
    if (!put->bind(1, row.number.value).bind_text(2, row.id).bind_blob(3, packed).run())
      return database.failure("cannot write");
  }
  if (!change.new_estate)
    return {};
  return write_estate(database, change, bytes);
}

result<std::int64_t> bound_estate_count(sqlite_database& database) {
  return database.number("SELECT coalesce(max(version), 0) FROM estates");
}

result<std::string> bound_estate_hash(sqlite_database& database) {
  auto last = database.prepare("SELECT hash FROM estates ORDER BY version DESC LIMIT 1");
  if (!last)
    return last.failure();
  return last->step() ? std::string(last->bytes(0)) : std::string();
}

result<estate_bytes> read_bound_estate(sqlite_database& database, bound_files wanted) {
  const auto bound = bound_estate_hash(database);
  if (!bound)
    return bound.failure();
  if (bound->empty())
    return error{errc::store_unusable, "the store has no estate yet: run gridtwin replay --estate DIR first"};
  return read_estate(database, *bound, wanted);
}

result<estate_bytes> read_estate(sqlite_database& database, std::string_view hash, bound_files wanted) {
  auto rows = database.prepare("SELECT name, body FROM estate_files JOIN estate_texts USING (hash) "
                               "WHERE estate = (SELECT max(version) FROM estates WHERE hash = ?2) AND "
                               "(?1 = 0 OR (?1 = 1) = (name IN ('transformers.csv', 'feeders.csv', 'meters.csv'))) "
                               "ORDER BY name");
  if (!rows)
    return rows.failure();
  rows->bind(1, static_cast<std::int64_t>(wanted)).bind_blob(2, hash);
  estate_bytes out;
  std::size_t required = 0;
  while (rows->step()) {
    auto text = unpack(rows->bytes(1));
    if (!text)
      return error{errc::store_failed, "the store's copy of the estate is damaged"};
    const std::string_view name = rows->bytes(0);
    std::string* const place = name == transformers_name ? &out.transformers
                               : name == feeders_name    ? &out.feeders
                               : name == meters_name     ? &out.meters
                                                         : nullptr;
    if (place == nullptr) {
      out.optional.push_back({std::string(name), std::move(*text)});
      continue;
    }
    *place = std::move(*text);
    ++required;
  }
  if (rows->failed())
    return database.failure("cannot read");
  if (wanted != bound_files::optional && required != required_files)
    return error{errc::store_failed, "the store's copy of the estate is damaged"};
  return out;
}

} // namespace gridtwin
