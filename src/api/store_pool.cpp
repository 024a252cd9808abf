#include "src/api/store_pool.hpp"

#include "src/store/store_figures.hpp"

#include <algorithm>

namespace gridtwin {

result<std::unique_ptr<opened_store>> opened_store::open(const store_folder& folder, store_past past,
                                                         std::shared_ptr<alarm_log> alarms) {
  auto reader = store_reader::open(folder);
  if (!reader)
    return reader.failure();
  auto database = folder.connect_reader();
  if (!database)
    return database.failure();
  std::unique_ptr<opened_store> out(
    new opened_store(folder, std::move(*reader), std::move(*database), std::move(past), std::move(alarms)));
  auto topic = reading_topic::over(*out->for_topic_);
  if (!topic)
    return topic.failure();
  out->topic_.emplace(std::move(*topic));
  return out;
}

result<const reading_topic::batch*> opened_store::read(std::uint32_t shard, std::int64_t after, std::size_t readings) {
  // What stands behind an offset never changes, but for more of it at the end.
  if (kept_ && kept_->shard == shard && kept_->after == after && !kept_->batch.at_end)
    return &kept_->batch;
  kept_.reset();
  auto batch = topic_->read(shard, after, readings);
  if (!batch)
    return batch.failure();
  kept_.emplace(kept_batch{shard, after, std::move(*batch)});
  return &kept_->batch;
}

result<const half_hour_topic::batch*> opened_store::half_hours(std::uint32_t shard, std::int64_t after,
                                                               std::size_t readings, std::uint32_t privacy_floor) {
  if (!half_hours_) {
    auto topic = half_hour_topic::over(*for_topic_, past_.settings);
    if (!topic)
      return topic.failure();
    half_hours_.emplace(std::move(*topic));
  }
  if (const half_hour_topic::batch* const kept = kept_half_hours_.find(shard, after, privacy_floor))
    return kept;
  auto batch = half_hours_->read(shard, after, readings, privacy_floor);
  if (!batch)
    return batch.failure();
  if (batch->last_offset == after) {
    nothing_ = std::move(*batch);
    return &nothing_;
  }
  // Whether anything is behind its last record is seen where it is asked for: so it may be kept though it was the end.
  batch->at_end = false;
  const std::size_t events = batch->feeders.size() + batch->transformers.size();
  return &kept_half_hours_.keep(shard, after, std::move(*batch), events, privacy_floor);
}

result<const gap_topic::batch*> opened_store::gaps(std::uint32_t shard, std::int64_t after, std::size_t readings) {
  if (!gaps_) {
    auto topic = gap_topic::over(*for_topic_, past_.settings, [this] { return is_surely_unwritten(folder_); });
    if (!topic)
      return topic.failure();
    gaps_.emplace(std::move(*topic));
  }
  if (const gap_topic::batch* const kept = kept_gaps_.find(shard, after))
    return kept;
  auto batch = gaps_->read(shard, after, readings);
  if (!batch)
    return batch.failure();
  if (batch->last_offset == after) {
    no_gaps_ = std::move(*batch);
    return &no_gaps_;
  }
  batch->at_end = false; // seen where it is asked for what is behind
  const std::size_t events = batch->events.size();
  return &kept_gaps_.keep(shard, after, std::move(*batch), events);
}

/// Whether it has what comes next behind a place of the shard: what a record says never changes.
bool opened_store::kept_settled_days::holds(std::int64_t behind, std::uint32_t of_it) const noexcept {
  if (batch.events.empty())
    return false;
  const std::uint32_t first = batch.events.front().place;
  if (of_it == 0)
    return first == 0 && after <= behind && behind < batch.last_offset;
  return behind == batch.last_offset && first <= of_it && of_it <= batch.events.back().place;
}

result<const settled_day_topic::batch*> opened_store::settled_days(std::int64_t after, std::uint32_t of_it) {
  if (kept_settled_days_.holds(after, of_it))
    return &kept_settled_days_.batch;
  auto batch = settled_days_.read(after, of_it);
  if (!batch)
    return batch.failure();
  kept_settled_days_ = {after, std::move(*batch)};
  return &kept_settled_days_.batch;
}

result<const named_slots*> opened_store::names(transformer_number t, twin_slot slot) {
  const auto find = [&]() -> const named_slots* {
    const auto at = names_.find(t.value);
    return at != names_.end() && slot.value < at->second.meters.size() ? &at->second : nullptr;
  };
  if (const named_slots* const known = find())
    return known;
  auto names = read_named_slots(database());
  if (!names)
    return names.failure();
  names_ = std::move(*names);
  if (const named_slots* const known = find())
    return known;
  return error{errc::store_failed, "the store has readings of a meter that it does not name"};
}

result<std::vector<transformer_number>> opened_store::by_name(std::vector<transformer_number> numbers) {
  for (const transformer_number t : numbers)
    if (!names_.contains(t.value)) {
      auto names = read_named_slots(database());
      if (!names)
        return names.failure();
      names_ = std::move(*names);
      break;
    }
  for (const transformer_number t : numbers)
    if (!names_.contains(t.value))
      return error{errc::store_failed, "the store has days of a transformer that it does not name"};
  std::sort(numbers.begin(), numbers.end(), [&](transformer_number a, transformer_number b) {
    return names_.at(a.value).transformer < names_.at(b.value).transformer;
  });
  return numbers;
}

result<std::unique_ptr<store_pool>> store_pool::open(const std::filesystem::path& folder,
                                                     std::shared_ptr<alarm_log> alarms) {
  auto opened = store_folder::for_reading(folder);
  if (!opened)
    return opened.failure();
  auto watching = opened->connect_reader();
  if (!watching)
    return watching.failure();
  auto version = watching->prepare("PRAGMA data_version");
  if (!version)
    return version.failure();
  return std::unique_ptr<store_pool>(
    new store_pool(std::move(*opened), std::move(alarms), std::move(*watching), std::move(*version)));
}

result<std::unique_ptr<opened_store>> store_pool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto out = std::move(idle_.back());
      idle_.pop_back();
      return out;
    }
  }
  return opened_store::open(folder_, past_, alarms_);
}

void store_pool::give_back(std::unique_ptr<opened_store> one) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(one));
}

result<std::int64_t> store_pool::generation() {
  const std::lock_guard lock(watch_mutex_);
  const bool found = version_.step();
  const std::int64_t out = found ? version_.integer(0) : 0;
  version_.reset();
  if (!found)
    return watching_.failure("cannot read");
  return out;
}

} // namespace gridtwin
