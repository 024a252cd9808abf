#include "src/wire/wire_listener.hpp"

#include "src/listener/live_sessions.hpp"
#include "src/listener/tcp_acceptor.hpp"
#include "src/wire/wire_session.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/strand.hpp>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

namespace gridtwin {

namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds stop_poll{5};

} // namespace

struct wire_listener::parts {
  parts(surroundings s, const wire_listener_options& o)
    : hub(std::make_shared<wire_hub>(std::move(s), o)), work(asio::make_work_guard(hub->io)),
      acceptor(hub->io, {[this] { return has_room(); },
                         [this](tcp_acceptor::socket connection, std::string address) {
                           on_accepted(std::move(connection), address);
                         }}) {}

  bool has_room();
  void on_accepted(tcp_acceptor::socket connection, const std::string& address);

  std::shared_ptr<wire_hub> hub;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  tcp_acceptor acceptor;
  live_sessions<wire_session> sessions;
  bool stopped = false; ///< by whoever owns the listener
  std::vector<std::thread> threads;
};

bool wire_listener::parts::has_room() {
  const std::int64_t half_open = hub->counters.half_open;
  if (half_open < static_cast<std::int64_t>(hub->options.half_open)
      && half_open + hub->counters.sessions < static_cast<std::int64_t>(hub->options.connections))
    return true;
  ++hub->counters.accept_pauses;
  return false;
}

void wire_listener::parts::on_accepted(tcp_acceptor::socket connection, const std::string& address) {
  ++hub->counters.accepted_connections;
  if (!hub->registry.admit(address)) {
    ++hub->counters.refused_by_address;
    return;
  }
  const auto tls = hub->around.tls();
  // By itself: what is forgotten late would keep the whole session's memory otherwise.
  const std::shared_ptr<wire_session> session(
    new wire_session(hub, std::move(connection), asio::make_strand(hub->io), *tls, address));
  sessions.add(session);
  session->start();
}

result<std::unique_ptr<wire_listener>> wire_listener::open(surroundings s, const wire_listener_options& options) {
  auto p = std::make_unique<parts>(std::move(s), options);
  if (auto bound = p->acceptor.bind(options.address, options.port); !bound)
    return bound.failure();
  p->acceptor.start();
  for (unsigned i = 0; i < std::max(1U, options.threads); ++i)
    p->threads.emplace_back([io = &p->hub->io] { io->run(); });
  return std::unique_ptr<wire_listener>(new wire_listener(std::move(p)));
}

wire_listener::wire_listener(std::unique_ptr<parts> p) : parts_(std::move(p)) {}
wire_listener::~wire_listener() { stop(); }

std::uint16_t wire_listener::port() const noexcept { return parts_->acceptor.port(); }
const wire_counters& wire_listener::counters() const noexcept { return parts_->hub->counters; }

std::size_t wire_listener::end_sessions(const std::function<bool(std::string_view identity)>& such,
                                        goodbye_reason reason) {
  return parts_->hub->registry.end(such, reason);
}

void wire_listener::ask_again() {
  for (const auto& session : parts_->sessions.all())
    session->ask_again();
}

void wire_listener::stop() {
  parts& p = *parts_;
  if (std::exchange(p.stopped, true))
    return;
  p.acceptor.stop([&p] {
    for (const auto& session : p.sessions.all())
      session->stop();
  });
  const std::int64_t end_us =
    p.hub->around.now_us() + std::chrono::duration_cast<std::chrono::microseconds>(p.hub->options.stop).count();
  while (!p.sessions.all().empty() && p.hub->around.now_us() < end_us)
    std::this_thread::sleep_for(stop_poll);
  for (const auto& session : p.sessions.all())
    session->close_at_once();
  p.work.reset();
  for (std::thread& t : p.threads)
    t.join();
}

} // namespace gridtwin
