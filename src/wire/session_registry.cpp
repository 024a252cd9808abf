#include "src/wire/session_registry.hpp"

#include <utility>

namespace gridtwin {

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
