#include "src/settled_days/settled_run.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace gridtwin {

settled_run::settled_run(record_id record, past_settlement past, std::shared_ptr<const gridtwin::estate> estate,
                         estimate_index estimates)
  : record_(record), settled_(std::move(past.settled)), estate_hash_(std::move(past.estate_hash)),
    estate_(std::move(estate)), estimates_(std::move(estimates)) {
  for (int number = 1; number <= settlement_periods_of(settled_.date); ++number)
    periods_.push_back(*from_settlement_period({settled_.date, number}));
  first_event_.assign(estate_->transformers.size() + 1, 0);
  for (const connection& row : estate_->connections)
    if (has_date(row))
      first_event_[estate_->transformer_of(row).value + 1] += static_cast<std::uint32_t>(std::popcount(row.quantities));
  for (std::size_t i = 1; i < first_event_.size(); ++i)
    first_event_[i] += first_event_[i - 1];
}

result<std::shared_ptr<const settled_run>> settled_run::open(sqlite_database& database, record_id record,
                                                             past_settings& settings) {
  auto past = read_past_settlement(database, record);
  if (!past)
    return past.failure();
  auto estate = settings.estate_of(database, past->estate_hash);
  if (!estate)
    return estate.failure();
  auto estimates = estimate_index::over(std::move(past->estimates));
  if (!estimates)
    return error{errc::store_failed,
                 "the store's estimates of a settlement run of " + format_date(past->settled.date) + " are damaged"};
  return std::shared_ptr<const settled_run>(
    new settled_run(record, std::move(*past), std::move(*estate), std::move(*estimates)));
}

bool settled_run::has_date(const connection& row) const noexcept {
  return std::max(row.effective.first, periods_.front().number)
         < std::min(std::int64_t{row.effective.end}, std::int64_t{periods_.back().number} + 1);
}

transformer_index settled_run::transformer_at(std::uint32_t place) const noexcept {
  const auto behind = std::upper_bound(first_event_.begin(), first_event_.end(), place);
  return {static_cast<std::uint32_t>(behind - first_event_.begin() - 1)};
}

std::vector<settled_run::series> settled_run::series_of(transformer_index t) const {
  std::vector<series> out;
  const connection_range rows = connections_of(*estate_, t);
  for (std::uint32_t i = rows.first; i < rows.first + rows.count; ++i) {
    const connection& row = estate_->connections[i];
    if (!has_date(row))
      continue;
    for (const quantity q : quantities_by_name)
      if ((row.quantities & mask_of(q)) != 0)
        out.push_back({{i}, q});
  }
  return out;
}

result<std::shared_ptr<const settled_run>> settled_runs::of(sqlite_database& database, record_id record) {
  const std::lock_guard lock(mutex_);
  const auto at = std::find_if(kept_.begin(), kept_.end(), [&](const auto& one) { return one->record() == record; });
  if (at != kept_.end()) {
    std::rotate(at, at + 1, kept_.end());
    return kept_.back();
  }
  auto fresh = settled_run::open(database, record, *settings_);
  if (!fresh)
    return fresh;
  if (kept_.size() == kept_most)
    kept_.erase(kept_.begin());
  kept_.push_back(*fresh);
  return fresh;
}

} // namespace gridtwin
