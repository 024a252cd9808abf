#include "src/store/operator_acts.hpp"

#include "src/store/audit.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace gridtwin {

namespace {

result<void> record(sqlite_database& database, const acting& by, std::string_view act, std::string subject,
                    std::string detail) {
  auto journal = journal_appender::open(database);
  if (!journal)
    return journal.failure();
  return write_audit(database, *journal, {by.at_s, by.who, std::string(act), std::move(subject), std::move(detail)});
}

/// Does `work` on the one connection that writes, in one transaction.
template <class Work>
result<void> act(const store_folder& folder, const Work& work) {
  auto database = folder.connect_writer();
  if (!database)
    return database.failure();
  return database->in_transaction([&] { return work(*database); });
}

/// The places, each once, in order.
std::vector<suspect> places_of(std::span<const suspect> all) {
  std::vector<suspect> out(all.begin(), all.end());
  const auto key = [](const suspect& s) { return std::tie(s.source, s.line, s.item); };
  std::sort(out.begin(), out.end(), [&](const suspect& a, const suspect& b) { return key(a) < key(b); });
  out.erase(std::unique(out.begin(), out.end(), [&](const suspect& a, const suspect& b) { return key(a) == key(b); }),
            out.end());
  return out;
}

std::string describe(const suspect& s) {
  return s.source + " line " + std::to_string(s.line) + (s.item != 0 ? " item " + std::to_string(s.item) : "") + " ("
         + std::to_string(s.deaths) + ')';
}

/// As many as there is room for, after why.
std::string describe(const std::vector<suspect>& places, const std::string& why) {
  constexpr std::size_t for_the_rest = 64;
  std::string out = why;
  for (std::size_t i = 0; i < places.size(); ++i) {
    const std::string one = (out.empty() ? "" : "; ") + describe(places[i]);
    if (out.size() + one.size() + for_the_rest > longest_audit_text)
      return out + "; and " + std::to_string(places.size() - i) + " more";
    out += one;
  }
  return out;
}

std::string count_of(std::size_t inputs) { return std::to_string(inputs) + (inputs == 1 ? " input" : " inputs"); }

/// One death more for each place, which then has all of its deaths.
result<void> add_deaths(sqlite_database& database, std::vector<suspect>& places) {
  auto put = database.prepare("INSERT INTO suspects(source, line, item, deaths) VALUES (?1, ?2, ?3, 1) ON "
                              "CONFLICT(source, line, item) DO UPDATE SET deaths = deaths + 1 RETURNING deaths");
  if (!put)
    return put.failure();
  for (suspect& place : places) {
    put->bind_text(1, place.source).bind(2, static_cast<std::int64_t>(place.line)).bind(3, place.item);
    while (put->step())
      place.deaths = static_cast<std::uint32_t>(put->integer(0));
    if (put->failed())
      return database.failure("cannot write");
    put->reset();
  }
  return {};
}

/// Takes places away; those are left in `places` that were there.
result<void> remove(sqlite_database& database, std::vector<suspect>& places) {
  auto drop = database.prepare("DELETE FROM suspects WHERE source = ?1 AND line = ?2 AND item = ?3 RETURNING deaths");
  if (!drop)
    return drop.failure();
  std::vector<suspect> gone;
  for (suspect& place : places) {
    drop->bind_text(1, place.source).bind(2, static_cast<std::int64_t>(place.line)).bind(3, place.item);
    while (drop->step()) {
      place.deaths = static_cast<std::uint32_t>(drop->integer(0));
      gone.push_back(place);
    }
    if (drop->failed())
      return database.failure("cannot write");
    drop->reset();
  }
  places = std::move(gone);
  return {};
}

} // namespace

result<std::optional<letter_state>> drop_letter(const store_folder& folder, std::int64_t id, const acting& by) {
  std::optional<letter_state> before;
  const auto done = act(folder, [&](sqlite_database& database) -> result<void> {
    auto letters = letter_table::open(database);
    if (!letters)
      return letters.failure();
    const auto ended = letters->end(id, letter_state::dropped);
    if (!ended)
      return ended.failure();
    before = *ended;
    if (before != letter_state::waiting)
      return {};
    return record(database, by, drop_letter_act, "letter " + std::to_string(id), by.why);
  });
  if (!done)
    return done.failure();
  return before;
}

result<bool> unpark_twin(const store_folder& folder, transformer_number t, twin_slot twin, const acting& by) {
  bool was_parked = false;
  const auto done = act(folder, [&](sqlite_database& database) -> result<void> {
    auto drop = database.prepare("DELETE FROM parked_twins WHERE transformer = ?1 AND slot = ?2 RETURNING mpan");
    if (!drop)
      return drop.failure();
    drop->bind(1, t.value).bind(2, twin.value);
    mpan meter;
    while (drop->step()) {
      was_parked = true;
      meter.number = static_cast<std::uint64_t>(drop->integer(0));
    }
    if (drop->failed())
      return database.failure("cannot write");
    if (!was_parked)
      return {};
    return record(database, by, unpark_twin_act,
                  "meter " + to_string(meter) + " (transformer " + std::to_string(t.value) + ", twin "
                    + std::to_string(twin.value) + ')',
                  by.why);
  });
  if (!done)
    return done.failure();
  return was_parked;
}

result<std::vector<suspect>> note_deaths(const store_folder& folder, std::span<const suspect> in_hand,
                                         const acting& by) {
  std::vector<suspect> all;
  const auto done = act(folder, [&](sqlite_database& database) -> result<void> {
    std::vector<suspect> places = places_of(in_hand);
    if (auto added = add_deaths(database, places); !added)
      return added;
    auto found = suspects(database);
    if (!found)
      return found.failure();
    all = std::move(*found);
    if (places.empty())
      return {};
    return record(database, by, note_deaths_act, count_of(places.size()), describe(places, by.why));
  });
  if (!done)
    return done.failure();
  return all;
}

result<void> forget_suspects(const store_folder& folder, std::span<const suspect> cleared, const acting& by) {
  return act(folder, [&](sqlite_database& database) -> result<void> {
    std::vector<suspect> places = places_of(cleared);
    if (auto gone = remove(database, places); !gone)
      return gone;
    if (places.empty())
      return {};
    return record(database, by, forget_suspects_act, count_of(places.size()), describe(places, by.why));
  });
}

} // namespace gridtwin
