#include "actors/open_days.hpp"

#include <algorithm>

namespace gridtwin {

open_days::open_days(const run_context& run, transformer_index t, std::span<const utc_day> stored,
                     std::span<const utc_day> unsummarised)
  : run_(&run), number_(run.topology->number_of[t.value]), feeders_(feeders_of(*run.estate, t)) {
  const connection_range range = connections_of(*run.estate, t);
  for (std::uint32_t place = 0; place < range.count; ++place)
    place_of_slot_.emplace(run.topology->slot_of[range.first + place].value, place);
  for (const utc_day day : stored)
    days_[day].stored = true;
  for (const utc_day day : unsummarised)
    days_[day].touched = true;
}

open_days::~open_days() { count_open(-held_); }

void open_days::count_open(std::int64_t more) {
  held_ += more;
  const_cast<run_context*>(run_)->open_days.fetch_add(more, std::memory_order_relaxed);
}

result<open_days::day_state*> open_days::open(utc_day day, std::uint64_t group, hosted_twins& twins) {
  day_state& state = days_[day];
  state.last_group = std::max(state.last_group, group);
  if (state.in_memory)
    return &state;
  state.in_memory = true;
  if (!state.stored)
    return &state;
  std::int64_t opened = 0;
  const auto fragments = run_->days->load(number_, day, [&](const stored_reading& r, std::uint32_t run) {
    const auto place = place_of_slot_.find(r.twin.value);
    if (place == place_of_slot_.end())
      return; // a connection that the estate no longer has and that holds no reading of value
    meter_twin& twin = twins.at(place->second);
    const std::size_t before = twin.days().size();
    twin.restore(r.day, r.quantity, r.slot, r.version, r.content, run == run_->run);
    opened += static_cast<std::int64_t>(twin.days().size() - before);
  });
  count_open(opened);
  if (!fragments)
    return fragments.failure();
  state.fragments = static_cast<std::uint32_t>(*fragments);
  return &state;
}

void open_days::fold_feeders(utc_day day, std::span<const stored_reading> changed, const hosted_twins& twins) {
  day_state& state = days_[day];
  std::vector<bool> stale(feeders_.count, state.loads.empty());
  state.loads.resize(feeders_.count);
  for (const stored_reading& r : changed)
    stale[twins.at(place_of_slot_.at(r.twin.value)).meter().feeder.value - feeders_.first] = true;
  for (std::uint32_t i = 0; i < feeders_.count; ++i)
    if (stale[i])
      state.loads[i] = {};
  for (std::size_t place = 0; place < twins.size(); ++place) {
    const std::uint32_t feeder = twins.at(place).meter().feeder.value - feeders_.first;
    if (stale[feeder])
      add_meter(state.loads[feeder], twins.at(place), day);
  }
}

void open_days::remember(std::uint64_t group, std::vector<stored_reading> added) {
  forget_durable();
  if (!added.empty())
    pending_.push_back({group, std::move(added)});
}

void open_days::forget_durable() {
  const std::uint64_t committed = run_->committed_group.load(std::memory_order_acquire);
  std::erase_if(pending_, [&](const pending_group& p) { return p.group <= committed; });
}

bool open_days::rebuild(twin_slot slot, meter_twin& twin, std::span<const stored_reading> under_way) {
  bool good = true;
  for (const auto& [day, state] : days_) {
    if (!state.in_memory || !state.stored)
      continue;
    const auto loaded = run_->days->load(number_, day, [&](const stored_reading& r, std::uint32_t run) {
      if (r.twin == slot)
        twin.restore(r.day, r.quantity, r.slot, r.version, r.content, run == run_->run);
    });
    good = good && static_cast<bool>(loaded);
  }
  const auto restore = [&](const stored_reading& r) {
    if (r.twin == slot)
      twin.restore(r.day, r.quantity, r.slot, r.version, r.content, true);
  };
  // What is committed by now comes twice, which changes nothing: a set is what it is.
  for (const pending_group& p : pending_)
    for (const stored_reading& r : p.added)
      restore(r);
  for (const stored_reading& r : under_way)
    restore(r);
  return good;
}

void open_days::release_day(utc_day day, hosted_twins& twins) {
  day_state& state = days_[day];
  std::int64_t closed = 0;
  for (std::size_t place = 0; place < twins.size(); ++place)
    closed += static_cast<std::int64_t>(twins.at(place).release(day));
  state.in_memory = false;
  state.loads = {};
  count_open(-closed);
}

void open_days::release(std::uint64_t unused_since, hosted_twins& twins) {
  const std::uint64_t committed = run_->committed_group.load(std::memory_order_acquire);
  for (const auto& [day, state] : days_)
    if (state.in_memory && state.last_group < unused_since && state.last_group <= committed)
      release_day(day, twins);
}

} // namespace gridtwin
