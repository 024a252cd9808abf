#pragma once

#include "twins/result.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace gridtwin {

/// Accepts connections one after the other, as long as there is room for them. Everything happens on a strand of its
/// own, so what it calls is called by one thread at a time. It outlives what its `io_context` still has to do.
class tcp_acceptor {
public:
  using socket = boost::asio::ip::tcp::socket;
  using executor = boost::asio::strand<boost::asio::io_context::executor_type>;

  struct surroundings {
    /// Whether one more may come; where not, it is asked again in a moment, and those that come wait in the kernel's
    /// queue.
    std::function<bool()> has_room;
    /// Gets a connection, on a strand of its own, and the address that it comes from.
    std::function<void(socket, std::string address)> accepted;
  };

  tcp_acceptor(boost::asio::io_context& io, surroundings s);

  /// Error: `errc::usage` where the address cannot be bound. `port` 0: one that is free.
  result<void> bind(const std::string& address, std::uint16_t port);
  std::uint16_t port() const noexcept { return port_; }
  executor strand() const { return strand_; }

  /// Begins, when bound.
  void start();
  /// Accepts nothing more; calls `then` on its strand when that is so. From any thread; does not wait.
  void stop(std::function<void()> then);

private:
  void accept();
  void take(socket connection);
  void wait_for_room();

  boost::asio::io_context& io_;
  surroundings around_;
  executor strand_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
};

} // namespace gridtwin
