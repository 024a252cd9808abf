#include "src/api/http_listener.hpp"

#include "src/api/api_bounds.hpp"
#include "src/api/http_session.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using error_code = boost::system::error_code;

/// Until it is looked again whether there is room for a connection.
constexpr std::chrono::milliseconds accept_pause{50};
constexpr int backlog = 4096;

} // namespace

http_hub::http_hub(http_listener::surroundings s, const http_listener::options& o)
  : makers(api_bounds::store_threads), around(std::move(s)), counters(*around.counters), places(o.readers, o.head_ends),
    half_open(api_bounds::half_open_of_address) {}

struct http_listener::parts {
  parts(surroundings s, options o)
    : hub(std::make_shared<http_hub>(std::move(s), o)), where(std::move(o)), work(asio::make_work_guard(hub->io)),
      strand(asio::make_strand(hub->io)), acceptor(strand), pause(strand) {}

  result<void> bind();
  void accept();
  void on_accepted(tcp::socket connection);
  void wait_for_room();

  /// The connections that are still there; forgets the others.
  std::vector<std::shared_ptr<http_session>> live();

  std::shared_ptr<http_hub> hub;
  options where;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  asio::strand<asio::io_context::executor_type> strand; ///< of what accepts
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::uint16_t port = 0;
  bool stopped = false; ///< by whoever owns the listener
  std::atomic<bool> stopping{false};
  std::vector<std::thread> threads;

  std::mutex mutex; ///< of `sessions`
  std::vector<std::weak_ptr<http_session>> sessions;
};

result<void> http_listener::parts::bind() {
  error_code failure;
  const auto address = asio::ip::make_address(where.address, failure);
  const tcp::endpoint endpoint(address, where.port);
  if (!failure)
    acceptor.open(endpoint.protocol(), failure);
  if (!failure)
    acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure)
    acceptor.bind(endpoint, failure);
  if (!failure)
    acceptor.listen(backlog, failure);
  if (failure)
    return error{errc::usage, "cannot listen on " + where.address + " port " + std::to_string(where.port) + ": "
                                + failure.message()};
  port = acceptor.local_endpoint(failure).port();
  return {};
}

void http_listener::parts::accept() {
  if (stopping)
    return;
  if (hub->counters.half_open >= static_cast<std::int64_t>(api_bounds::half_open)) {
    wait_for_room();
    return;
  }
  acceptor.async_accept(asio::make_strand(hub->io), [this](const error_code& failure, tcp::socket connection) {
    if (stopping)
      return;
    if (failure) { // no descriptors left: others will end
      wait_for_room();
      return;
    }
    on_accepted(std::move(connection));
    accept();
  });
}

void http_listener::parts::wait_for_room() {
  pause.expires_after(accept_pause);
  pause.async_wait([this](const error_code& failure) {
    if (!failure)
      accept();
  });
}

void http_listener::parts::on_accepted(tcp::socket connection) {
  ++hub->counters.accepted_connections;
  error_code failure;
  std::string address = connection.remote_endpoint(failure).address().to_string();
  if (failure)
    return;
  if (!hub->half_open.enter(address)) {
    ++hub->counters.refused_by_address;
    return;
  }
  connection.set_option(tcp::no_delay(true), failure);
  const auto session = make_http_session(hub, std::move(connection), std::move(address));
  {
    const std::lock_guard lock(mutex);
    std::erase_if(sessions, [](const auto& one) { return one.expired(); });
    sessions.push_back(session);
  }
  session->start();
}

std::vector<std::shared_ptr<http_session>> http_listener::parts::live() {
  const std::lock_guard lock(mutex);
  std::vector<std::shared_ptr<http_session>> out;
  for (const auto& one : sessions)
    if (auto session = one.lock())
      out.push_back(std::move(session));
  return out;
}

result<std::unique_ptr<http_listener>> http_listener::open(surroundings s, const options& o) {
  auto p = std::make_unique<parts>(std::move(s), o);
  if (auto bound = p->bind(); !bound)
    return bound.failure();
  p->accept();
  for (unsigned i = 0; i < api_bounds::network_threads; ++i)
    p->threads.emplace_back([io = &p->hub->io] { io->run(); });
  return std::unique_ptr<http_listener>(new http_listener(std::move(p)));
}

http_listener::http_listener(std::unique_ptr<parts> p) : parts_(std::move(p)) {}
http_listener::~http_listener() { stop(); }

std::uint16_t http_listener::port() const noexcept { return parts_->port; }

void http_listener::recheck(std::function<bool(const peer_identity&, const ssl_st&)> may_stay) {
  for (const auto& session : parts_->live())
    session->recheck(may_stay);
}

void http_listener::stop() {
  parts& p = *parts_;
  if (std::exchange(p.stopped, true))
    return;
  p.stopping = true;
  asio::post(p.strand, [&p] {
    error_code ignored;
    p.acceptor.close(ignored);
    p.pause.cancel();
    for (const auto& session : p.live())
      session->close();
  });
  p.work.reset();
  for (std::thread& t : p.threads)
    t.join();
  p.hub->makers.join();
  // What they made finds its connection closed; left alone it would hold what holds it.
  p.hub->io.restart();
  p.hub->io.poll();
}

} // namespace gridtwin
