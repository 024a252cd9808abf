#include "src/replay/run_supervision.hpp"

#include "config/printable_text.hpp"
#include "src/process/clock.hpp"
#include "src/store/operator_acts.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>

namespace gridtwin {

namespace {

constexpr std::string_view marker_name = "in-flight";

std::string describe(const suspect& s) {
  return "line " + std::to_string(s.line) + " of " + printable(s.source, in_flight_name_bytes);
}

void tell_of(const suspect& s) {
  const std::string deaths = std::to_string(s.deaths) + (s.deaths == 1 ? " process has" : " processes have");
  if (s.deaths >= run_supervision::most_deaths)
    std::fprintf(stderr, "note: %s died while %s was judged; it is set aside as a dead letter (gridtwin deadletters)\n",
                 deaths.c_str(), describe(s).c_str());
  else
    std::fprintf(stderr, "note: %s died while %s was judged; it is judged alone now\n", deaths.c_str(),
                 describe(s).c_str());
}

/// Ends the process over a reading that does not come back.
void tell_of_stuck(const reading_place& place, stuck_reading::finding found) {
  const suspect reading{place.source, place.line, place.item, 0};
  if (found == stuck_reading::finding::slow) {
    std::fprintf(stderr, "note: %s has been in hand for 2 s\n", describe(reading).c_str());
    return;
  }
  std::fprintf(
    stderr,
    "gridtwin: %s has been in hand for 5 s and does not come back; the process ends here. Run the same command "
    "again: what was committed stays, and that reading is judged alone\n",
    describe(reading).c_str());
  std::abort();
}

bool is_same_place(const suspect& a, const suspect& b) noexcept {
  return a.source == b.source && a.line == b.line && a.item == b.item;
}

bool contains(const std::vector<suspect>& some, const suspect& s) noexcept {
  return std::any_of(some.begin(), some.end(), [&s](const suspect& one) { return is_same_place(one, s); });
}

} // namespace

result<std::unique_ptr<run_supervision>> run_supervision::begin(const store_folder& folder, const replay_plan& plan) {
  const auto file = folder.folder() / marker_name;
  std::vector<suspect> in_hand;
  for (reading_place& place : in_flight_marker_file::found(file))
    in_hand.push_back({std::move(place.source), place.line, place.item, 0});
  if (!in_hand.empty())
    if (auto noted = note_deaths(folder, in_hand, {wall_clock_s(), "gridtwin", "found by the next run"}); !noted)
      return noted.failure();
  auto marker = in_flight_marker_file::make(file);
  if (!marker)
    return marker.failure();
  std::unique_ptr<run_supervision> out(new run_supervision(folder, plan, std::move(*marker)));
  out->in_hand_ = std::move(in_hand);
  auto database = folder.connect_reader();
  if (!database)
    return database.failure();
  if (auto read = out->read(*database); !read)
    return read.failure();
  return out;
}

result<void> run_supervision::read(sqlite_database& database) {
  auto all = suspects(database);
  if (!all)
    return all.failure();
  suspects_ = std::move(*all);
  auto parked = parked_twins(database);
  if (!parked)
    return parked.failure();
  parked_ = std::move(*parked);
  auto letters = list_letters(database, {{}, letter_state::waiting, {}});
  if (!letters)
    return letters.failure();
  letters_ = std::move(*letters);
  return {};
}

void run_supervision::take_part(run_context& run, const std::vector<std::uint32_t>& numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    run.sources.add(numbers[i], plan_->sources[i].name);
    for (const suspect& s : suspects_)
      if (s.source == in_flight_name(plan_->sources[i].name)) {
        tell_of(s);
        suspect_in(run, s, s.deaths >= most_deaths);
      }
  }
  if (plan_->live)
    wait_for_senders(run);
  const auto is_of = [](const suspect& s, const kept_letter& l) {
    return s.source == in_flight_name(l.source) && s.line == l.letter.input.line && s.item == l.letter.input.item;
  };
  for (const kept_letter& again : plan_->letters) { // asked for by an operator: tried, whatever it did before
    run.sources.add(again.letter.input.source, again.source);
    for (const suspect& s : suspects_)
      if (is_of(s, again))
        suspect_in(run, s, false);
  }
  for (const suspect& s : suspects_) // a letter is settled with what is judged, its reading acquitted
    if (std::find(tried_.begin(), tried_.end(), s) == tried_.end()
        && std::any_of(letters_.begin(), letters_.end(),
                       [&](const kept_letter& l) { return is_of(s, l) && is_asked_for(l.letter); }))
      tried_.push_back(s);
  find_parked(run);
  find_letters(run);
  careful_ = run.careful.get();
  run.in_flight = &marker_;
  watchdog_.emplace(marker_, watchdog_limits{}, tell_of_stuck);
}

void run_supervision::suspect_in(run_context& run, const suspect& s, bool set_aside) {
  if (!run.careful)
    run.careful = std::make_unique<careful_readings>();
  run.careful->add(s.source, s.line, s.item, s.deaths, set_aside);
  if (!set_aside)
    tried_.push_back(s);
}

/// A node has a run each half hour: what is told is told by the first one after a death.
void run_supervision::wait_for_senders(run_context& run) {
  const auto is_of_file = [this](const suspect& s) {
    return std::any_of(plan_->sources.begin(), plan_->sources.end(),
                       [&s](const source& file) { return s.source == in_flight_name(file.name); });
  };
  for (const suspect& s : suspects_) {
    if (is_of_file(s))
      continue;
    if (contains(in_hand_, s))
      tell_of(s);
    if (!run.careful)
      run.careful = std::make_unique<careful_readings>();
    run.careful->add(s.source, s.line, s.item, s.deaths, s.deaths >= most_deaths);
    awaited_.push_back(s);
  }
}

void run_supervision::find_parked(run_context& run) const {
  std::set<std::pair<transformer_number, twin_slot>> parked;
  for (const parked_twin& twin : parked_)
    parked.emplace(twin.transformer, twin.twin);
  const topology& names = *run.topology;
  for (std::uint32_t c = 0; !parked.empty() && c < names.slot_of.size(); ++c) {
    const transformer_index t = run.estate->transformer_of(run.estate->connections[c]);
    if (parked.contains({names.number_of[t.value], names.slot_of[c]}))
      run.parked.push_back({c});
  }
}

void run_supervision::find_letters(run_context& run) const {
  for (const kept_letter& kept : letters_) {
    const auto meter = parse_mpan(kept.letter.input.meter);
    const auto at = meter ? plan_->meters->find(*meter) : std::nullopt;
    if (at)
      run.letters.push_back({plan_->meters->connection_at(*at, kept.letter.reading.period), kept.id,
                             kept.letter.reading,
                             kept.letter.cause == letter_cause::process_died && !is_asked_for(kept.letter)});
  }
  std::sort(run.letters.begin(), run.letters.end(), [](const open_letter& a, const open_letter& b) {
    return std::tuple(a.connection, !a.sealed, a.id) < std::tuple(b.connection, !b.sealed, b.id);
  });
}

bool run_supervision::is_asked_for(const dead_letter& letter) const noexcept {
  return std::any_of(plan_->letters.begin(), plan_->letters.end(), [&](const kept_letter& l) {
    return l.letter.reading == letter.reading && l.letter.input.meter == letter.input.meter;
  });
}

result<void> run_supervision::end(bool all_judged, bool all_durable) {
  watchdog_.reset();
  marker_.remove();
  if (!all_judged)
    tried_.clear();
  for (const suspect& s : awaited_) {
    const auto* const one = all_durable ? careful_->find(s.source, s.line, s.item) : nullptr;
    if (one != nullptr && one->handled.load(std::memory_order_relaxed))
      tried_.push_back(s);
  }
  if (tried_.empty())
    return {};
  return forget_suspects(*folder_, tried_, {wall_clock_s(), "gridtwin", "judged, and nothing died"});
}

} // namespace gridtwin
