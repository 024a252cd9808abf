#include "src/listener/silent_connections.hpp"

#include <boost/asio/bind_executor.hpp>

#include <utility>

namespace gridtwin {

namespace {

namespace asio = boost::asio;
using error_code = boost::system::error_code;

/// Closed in one turn, and between two turns, as long as there are such. At most 1,600 a second: more than a listener
/// that is crowded can have, by the second that it leaves them.
constexpr int cuts_of_turn = 16;
constexpr std::chrono::milliseconds between_cuts{10};
/// Between looks at the oldest while it is not its time.
constexpr std::chrono::milliseconds between_looks{100};

} // namespace

silent_connections::silent_connections(executor strand, surroundings s)
  : strand_(std::move(strand)), around_(std::move(s)), timer_(strand_) {}

void silent_connections::add(socket connection, half_open_places::place place) {
  if (closed_)
    return;
  const std::uint64_t number = next_number_++;
  const auto at =
    silent_.try_emplace(number, silent_connection{std::move(connection), std::move(place), around_.now_us()}).first;
  at->second.connection.async_wait(socket::wait_read,
                                   asio::bind_executor(strand_, [this, number](const error_code& failure) {
                                     if (!failure)
                                       heard(number);
                                     else
                                       silent_.erase(number);
                                   }));
  if (!std::exchange(looking_, true))
    look_after(between_looks);
}

void silent_connections::close() {
  closed_ = true;
  silent_.clear();
  timer_.cancel();
}

void silent_connections::heard(std::uint64_t number) {
  auto one = silent_.extract(number);
  if (one) // else it was cut meanwhile
    around_.spoke(std::move(one.mapped().connection), std::move(one.mapped().place));
}

void silent_connections::look() {
  const auto patience_us = std::chrono::duration_cast<std::chrono::microseconds>(around_.patience()).count();
  const std::int64_t now_us = around_.now_us();
  int cuts = 0;
  while (cuts < cuts_of_turn && !silent_.empty() && now_us - silent_.begin()->second.since_us > patience_us) {
    silent_.erase(silent_.begin());
    around_.cut();
    ++cuts;
  }
  looking_ = !silent_.empty();
  if (looking_)
    look_after(cuts == 0 ? between_looks : between_cuts);
}

void silent_connections::look_after(std::chrono::milliseconds pause) {
  timer_.expires_after(pause);
  timer_.async_wait([this](const error_code& failure) {
    if (!failure && !closed_)
      look();
  });
}

} // namespace gridtwin
