#include "src/wire/wire_listener.hpp"

#include "src/wire/wire_session.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <atomic>
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
constexpr std::chrono::milliseconds stop_poll{5};
constexpr int backlog = 4096;

} // namespace

struct wire_listener::parts {
  parts(surroundings s, const wire_listener_options& o)
    : hub(std::make_shared<wire_hub>(std::move(s), o)), work(asio::make_work_guard(hub->io)),
      strand(asio::make_strand(hub->io)), acceptor(strand), pause(strand) {}

  result<void> bind();
  void run();
  void accept();
  void on_accepted(tcp::socket connection);
  void wait_for_room();

  /// The sessions that are still there; forgets the others.
  std::vector<std::shared_ptr<wire_session>> live();

  std::shared_ptr<wire_hub> hub;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  wire_session::executor strand; ///< of what accepts
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::uint16_t port = 0;
  bool stopped = false; ///< by whoever owns the listener
  std::atomic<bool> stopping{false};
  std::vector<std::thread> threads;

  std::mutex mutex; ///< of `sessions`
  std::vector<std::weak_ptr<wire_session>> sessions;
  std::size_t next_sweep = 64;
};

result<void> wire_listener::parts::bind() {
  error_code failure;
  const auto address = asio::ip::make_address(hub->options.address, failure);
  const tcp::endpoint endpoint(address, hub->options.port);
  if (!failure)
    acceptor.open(endpoint.protocol(), failure);
  if (!failure)
    acceptor.set_option(tcp::acceptor::reuse_address(true), failure);
  if (!failure)
    acceptor.bind(endpoint, failure);
  if (!failure)
    acceptor.listen(backlog, failure);
  if (failure)
    return error{errc::usage, "cannot listen on " + hub->options.address + " port " + std::to_string(hub->options.port)
                                + ": " + failure.message()};
  port = acceptor.local_endpoint(failure).port();
  return {};
}

void wire_listener::parts::run() {
  accept();
  for (unsigned i = 0; i < std::max(1U, hub->options.threads); ++i)
    threads.emplace_back([this] { hub->io.run(); });
}

void wire_listener::parts::accept() {
  if (stopping)
    return;
  const wire_counters& c = hub->counters;
  const std::int64_t half_open = c.half_open;
  if (half_open >= static_cast<std::int64_t>(hub->options.half_open)
      || half_open + c.sessions >= static_cast<std::int64_t>(hub->options.connections)) {
    ++hub->counters.accept_pauses;
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

void wire_listener::parts::wait_for_room() {
  pause.expires_after(accept_pause);
  pause.async_wait([this](const error_code& failure) {
    if (!failure)
      accept();
  });
}

void wire_listener::parts::on_accepted(tcp::socket connection) {
  ++hub->counters.accepted_connections;
  error_code failure;
  const std::string address = connection.remote_endpoint(failure).address().to_string();
  if (failure)
    return;
  if (!hub->registry.admit(address)) {
    ++hub->counters.refused_by_address;
    return;
  }
  connection.set_option(tcp::no_delay(true), failure);
  const auto tls = hub->around.tls();
  // By itself: what is forgotten late below would keep the whole session's memory otherwise.
  const std::shared_ptr<wire_session> session(
    new wire_session(hub, std::move(connection), asio::make_strand(hub->io), *tls, address));
  {
    const std::lock_guard lock(mutex);
    if (sessions.size() >= next_sweep) {
      std::erase_if(sessions, [](const auto& one) { return one.expired(); });
      next_sweep = 2 * sessions.size() + 64;
    }
    sessions.push_back(session);
  }
  session->start();
}

std::vector<std::shared_ptr<wire_session>> wire_listener::parts::live() {
  const std::lock_guard lock(mutex);
  std::vector<std::shared_ptr<wire_session>> out;
  for (const auto& one : sessions)
    if (auto session = one.lock())
      out.push_back(std::move(session));
  return out;
}

result<std::unique_ptr<wire_listener>> wire_listener::open(surroundings s, const wire_listener_options& options) {
  auto p = std::make_unique<parts>(std::move(s), options);
  if (auto bound = p->bind(); !bound)
    return bound.failure();
  p->run();
  return std::unique_ptr<wire_listener>(new wire_listener(std::move(p)));
}

wire_listener::wire_listener(std::unique_ptr<parts> p) : parts_(std::move(p)) {}
wire_listener::~wire_listener() { stop(); }

std::uint16_t wire_listener::port() const noexcept { return parts_->port; }
const wire_counters& wire_listener::counters() const noexcept { return parts_->hub->counters; }

std::size_t wire_listener::end_sessions(const std::function<bool(std::string_view identity)>& such,
                                        goodbye_reason reason) {
  return parts_->hub->registry.end(such, reason);
}

void wire_listener::ask_again() {
  for (const auto& session : parts_->live())
    session->ask_again();
}

void wire_listener::stop() {
  parts& p = *parts_;
  if (std::exchange(p.stopped, true))
    return;
  p.stopping = true;
  asio::post(p.strand, [&p] {
    error_code ignored;
    p.acceptor.close(ignored);
    p.pause.cancel();
  });
  for (const auto& session : p.live())
    session->stop();
  const std::int64_t end_us =
    p.hub->around.now_us() + std::chrono::duration_cast<std::chrono::microseconds>(p.hub->options.stop).count();
  while (!p.live().empty() && p.hub->around.now_us() < end_us)
    std::this_thread::sleep_for(stop_poll);
  for (const auto& session : p.live())
    session->close_at_once();
  p.work.reset();
  for (std::thread& t : p.threads)
    t.join();
}

} // namespace gridtwin
