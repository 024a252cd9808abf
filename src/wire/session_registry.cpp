#include "src/wire/session_registry.hpp"

#include <utility>

namespace gridtwin {

bool session_registry::admit(const std::string& address) {
  const std::lock_guard lock(mutex_);
  std::size_t& count = half_open_[address];
  if (count >= half_open_of_address_)
    return false;
  ++count;
  return true;
}

void session_registry::settled(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto at = half_open_.find(address);
  if (at != half_open_.end() && --at->second == 0)
    half_open_.erase(at);
}

std::uint64_t session_registry::enter(const std::string& identity, end_function end, bool& superseded) {
  const std::lock_guard lock(mutex_);
  live_session& live = live_[identity];
  superseded = live.number != 0;
  if (superseded)
    live.end(goodbye_reason::superseded);
  live = {next_number_++, std::move(end)};
  return live.number;
}

bool session_registry::is_current(const std::string& identity, std::uint64_t number) const {
  const std::lock_guard lock(mutex_);
  const auto at = live_.find(identity);
  return at != live_.end() && at->second.number == number;
}

void session_registry::leave(const std::string& identity, std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  const auto at = live_.find(identity);
  if (at != live_.end() && at->second.number == number)
    live_.erase(at);
}

std::int64_t session_registry::take_rate(const std::string& identity, std::uint64_t readings, std::int64_t now_us) {
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= next_sweep_)
    sweep(now_us);
  rate_bucket& bucket = buckets_.try_emplace(identity, rate_).first->second;
  return bucket.take(readings, now_us) ? 0 : bucket.wait_us(readings);
}

void session_registry::sweep(std::int64_t now_us) {
  std::erase_if(buckets_, [&](const auto& one) { return one.second.is_full(now_us); });
  next_sweep_ = buckets_.size() + buckets_between_sweeps;
}

std::size_t session_registry::end(const std::function<bool(std::string_view identity)>& such, goodbye_reason reason) {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [identity, live] : live_)
    if (such(identity)) {
      live.end(reason);
      ++count;
    }
  return count;
}

} // namespace gridtwin
