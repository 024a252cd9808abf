#pragma once

#include "src/listener/half_open_places.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>

namespace gridtwin {

/// Connections that were accepted and have said nothing yet. Of each there is a socket and an address: whatever else a
/// session has begins with its first byte. Those that are silent for too long are closed, the oldest first and a few at
/// a time, so that thousands that came together hold up nobody when their time is over together. Everything happens on
/// the strand that it is given; it outlives what its `io_context` still has to do.
class silent_connections {
public:
  using socket = boost::asio::ip::tcp::socket;
  using executor = boost::asio::strand<boost::asio::io_context::executor_type>;

  struct surroundings {
    /// How long one may be silent, as things are.
    std::function<std::chrono::milliseconds()> patience;
    std::function<std::int64_t()> now_us; ///< of a clock that never goes back
    /// Gets a connection that has something to say.
    std::function<void(socket, half_open_places::place)> spoke;
    /// One was closed for its silence.
    std::function<void()> cut;
  };

  silent_connections(executor strand, surroundings s);

  void add(socket connection, half_open_places::place place);
  /// Closes all; takes no more.
  void close();

private:
  struct silent_connection {
    socket connection;
    half_open_places::place place;
    std::int64_t since_us;
  };

  void heard(std::uint64_t number);
  void look();
  void look_after(std::chrono::milliseconds pause);

  executor strand_;
  surroundings around_;
  boost::asio::steady_timer timer_;
  std::map<std::uint64_t, silent_connection> silent_; ///< by their number: the oldest first
  std::uint64_t next_number_ = 0;
  bool looking_ = false; ///< the timer runs
  bool closed_ = false;
};

} // namespace gridtwin
