#include "actors/open_days.hpp"

#include <algorithm>

namespace gridtwin {

open_days::open_days(const run_context& run, transformer_index t, std::span<const utc_day> stored,
                     std::span<const utc_day> unsummarised)
  : run_(&run), number_(run.topology->number_of[t.value]), feeders_(feeders_of(*run.estate, t)) {
  const connection_range range = connections_of(*run.estate, t);
  first_connection_ = range.first;
  last_group_of_.resize(range.count);
  place_of_slot_.assign(run.topology->slots_in[t.value], no_place);
  for (std::uint32_t place = 0; place < range.count; ++place)
    place_of_slot_[run.topology->slot_of[range.first + place].value] = place;
  for (const utc_day day : stored) {
    days_[day].stored_before = true;
    days_[day].fragments = 1;
  }
  for (const utc_day day : unsummarised) {
    days_[day].touched = true;
    days_[day].fragments = merge_at; // a run that was cut off has merged nothing
  }
}

open_days::~open_days() { count_open(-held_); }

void open_days::count_open(std::int64_t more) {
  held_ += more;
  const_cast<run_context*>(run_)->open_days.fetch_add(more, std::memory_order_relaxed);
}

result<open_days::day_state*> open_days::open(utc_day day, std::span<const std::uint32_t> places, std::uint64_t group,
                                              hosted_twins& twins) {
  day_state& state = days_[day];
  state.last_group = std::max(state.last_group, group);
  state.read_again = false;
  std::vector<bool> wanted;
  for (const std::uint32_t place : places) {
    // A later group may have used another day of the twin, and that may not be durable yet.
    last_group_of_[place] = std::max(last_group_of_[place], static_cast<std::uint32_t>(group));
    if (!may_be_stored(state, place) || twins.at(place).holds(day))
      continue;
    wanted.resize(last_group_of_.size());
    wanted[place] = true;
  }
  if (wanted.empty())
    return &state;
  if (auto loaded = load(day, state, wanted, twins); !loaded)
    return loaded.failure();
  return &state;
}

result<void> open_days::open_each(std::vector<std::pair<utc_day, std::uint32_t>>& wanted, std::uint64_t group,
                                  hosted_twins& twins) {
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
  std::vector<std::uint32_t> places;
  for (std::size_t first = 0; first < wanted.size();) {
    const utc_day day = wanted[first].first;
    places.clear();
    for (; first < wanted.size() && wanted[first].first == day; ++first)
      places.push_back(wanted[first].second);
    if (auto opened = open(day, places, group, twins); !opened)
      return opened.failure();
  }
  return {};
}

result<open_days::day_state*> open_days::open_all(utc_day day, hosted_twins& twins) {
  std::vector<std::uint32_t> places(last_group_of_.size());
  for (std::uint32_t place = 0; place < places.size(); ++place)
    places[place] = place;
  return open(day, places, days_[day].last_group, twins);
}

result<void> open_days::load(utc_day day, day_state& state, const std::vector<bool>& wanted, hosted_twins& twins) {
  std::int64_t opened = 0;
  const auto fragments = run_->days->load(number_, day, [&](const stored_reading& r, const fragment_origin& from) {
    state.other_known = state.other_known || from.known != run_->known;
    state.known_by_s = std::max(state.known_by_s, from.known.of(period_at(r.day, r.slot)));
    const auto place = place_of(r.twin); // none: a connection that the estate no longer has
    if (!place || !wanted[*place])
      return;
    meter_twin& twin = twins.at(*place);
    const std::size_t before = twin.days().size();
    restore(twin, r, from);
    opened += static_cast<std::int64_t>(twin.days().size() - before);
  });
  count_open(opened);
  if (!fragments)
    return fragments.failure();
  state.fragments = static_cast<std::uint32_t>(*fragments);
  state.read_again = true;
  return {};
}

void open_days::restore(meter_twin& twin, const stored_reading& r, const fragment_origin& from) const {
  const period p = period_at(r.day, r.slot);
  twin.restore(r.day, r.quantity, r.slot, r.version, r.content, from.run == run_->run,
               from.known.of(p) > run_->known.of(p));
}

result<std::vector<day_load>*> open_days::loads(utc_day day) {
  day_state& state = days_[day];
  if (state.loads)
    return &*state.loads;
  auto stored = state.stored() ? run_->days->loads(number_, day) : result<std::string>(std::string());
  if (!stored)
    return stored.failure();
  std::vector<feeder_day_load> known;
  if (!stored->empty() && !decode_loads(*stored, known))
    return error{errc::store_failed, "the store's load of " + format_day(day) + " is damaged"};
  state.loads.emplace(feeders_.count);
  // By id: an estate may have more feeders than it had when the load was written.
  for (const feeder_day_load& feeder : known)
    for (std::uint32_t i = 0; i < feeders_.count; ++i)
      if (run_->estate->feeders[feeders_.first + i].id == feeder.feeder)
        (*state.loads)[i] = feeder.load;
  return &*state.loads;
}

void open_days::remember(std::shared_ptr<const reading_group> group, std::vector<batch_range> added) {
  forget_durable();
  if (!added.empty())
    pending_.push_back({std::move(group), std::move(added)});
}

void open_days::forget_durable() {
  const std::uint64_t committed = run_->committed_group.load(std::memory_order_acquire);
  std::erase_if(pending_, [&](const pending_group& p) { return p.group->number() <= committed; });
}

bool open_days::rebuild(std::uint32_t place, const meter_twin& predecessor, meter_twin& twin,
                        std::span<const batch_range> under_way) {
  const connection_index me{first_connection_ + place};
  const twin_slot slot = run_->topology->slot_of[me.value];
  bool good = true;
  std::optional<utc_day> last;
  for (const open_day& held : predecessor.days()) {
    if (last == held.day || !days_[held.day].stored())
      continue;
    last = held.day;
    const auto loaded = run_->days->load(number_, held.day, [&](const stored_reading& r, const fragment_origin& from) {
      if (r.twin == slot)
        restore(twin, r, from);
    });
    good = good && static_cast<bool>(loaded);
  }
  const auto restore_all = [&](std::span<const batch_range> added) {
    for (const batch_range& range : added)
      for (const sourced_reading& r : std::span(range.batch->readings).subspan(range.first, range.count))
        if (r.connection == me)
          twin.restore(r.period.day(), r.quantity, r.period.slot(), r.version, {r.wh, r.quality, r.reasons}, true);
  };
  // What is committed by now comes twice, which changes nothing: a set is what it is.
  for (const pending_group& p : pending_)
    restore_all(p.added);
  restore_all(under_way);
  return good;
}

void open_days::release_day(utc_day day, hosted_twins& twins) {
  std::int64_t closed = 0;
  for (std::size_t place = 0; place < twins.size(); ++place)
    closed += static_cast<std::int64_t>(twins.at(place).release(day));
  days_[day].loads.reset();
  count_open(-closed);
}

void open_days::release(std::uint64_t unused_since, hosted_twins& twins) {
  const std::uint64_t committed = run_->committed_group.load(std::memory_order_acquire);
  const auto unused = [&](std::uint64_t last) { return last < unused_since && last <= committed; };
  for (std::size_t place = 0; place < twins.size(); ++place)
    if (unused(last_group_of_[place]))
      count_open(-static_cast<std::int64_t>(twins.at(place).release_all()));
  for (const auto& [day, state] : days_)
    if (unused(state.last_group))
      release_day(day, twins);
}

} // namespace gridtwin
