#include "src/listener/tcp_acceptor.hpp"

#include <boost/asio/post.hpp>

#include <chrono>
#include <utility>

namespace gridtwin {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using error_code = boost::system::error_code;

/// Until it is looked again whether there is room for a connection.
constexpr std::chrono::milliseconds accept_pause{50};
constexpr int backlog = 4096;

} // namespace

tcp_acceptor::tcp_acceptor(asio::io_context& io, surroundings s)
  : io_(io), around_(std::move(s)), strand_(asio::make_strand(io)), acceptor_(strand_), pause_(strand_) {}

result<void> tcp_acceptor::bind(const std::string& address, std::uint16_t port) {
  error_code failure;
  const tcp::endpoint endpoint(asio::ip::make_address(address, failure), port);
  if (!failure)
    acceptor_.open(endpoint.protocol(), failure);
  if (!failure)
    acceptor_.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure)
    acceptor_.bind(endpoint, failure);
  if (!failure)
    acceptor_.listen(backlog, failure);
  if (failure)
    return error{errc::usage,
                 "cannot listen on " + address + " port " + std::to_string(port) + ": " + failure.message()};
  port_ = acceptor_.local_endpoint(failure).port();
  return {};
}

void tcp_acceptor::start() {
  asio::post(strand_, [this] { accept(); });
}

void tcp_acceptor::stop(std::function<void()> then) {
  stopping_ = true;
  asio::post(strand_, [this, then = std::move(then)] {
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    then();
  });
}

void tcp_acceptor::accept() {
  if (stopping_)
    return;
  if (!around_.has_room()) {
    wait_for_room();
    return;
  }
  acceptor_.async_accept(asio::make_strand(io_), [this](const error_code& failure, tcp::socket connection) {
    if (stopping_)
      return;
    if (failure) { // no descriptors left: others will end
      wait_for_room();
      return;
    }
    take(std::move(connection));
    accept();
  });
}

void tcp_acceptor::take(tcp::socket connection) {
  error_code failure;
  std::string address = connection.remote_endpoint(failure).address().to_string();
  if (failure) // it has gone already
    return;
  connection.set_option(tcp::no_delay(true), failure);
  around_.accepted(std::move(connection), std::move(address));
}

void tcp_acceptor::wait_for_room() {
  pause_.expires_after(accept_pause);
  pause_.async_wait([this](const error_code& failure) {
    if (!failure)
      accept();
  });
}

} // namespace gridtwin
