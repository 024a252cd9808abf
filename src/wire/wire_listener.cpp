#include "src/wire/wire_listener.hpp"

#include "src/listener/live_sessions.hpp"
#include "src/listener/silent_connections.hpp"
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
                           on_accepted(std::move(connection), std::move(address));
                         }}),
      silent(acceptor.strand(), {[this] { return patience(); }, hub->around.now_us,
                                 [this](tcp_acceptor::socket connection, half_open_places::place place) {
                                   on_spoken(std::move(connection), std::move(place));
                                 },
                                 [this] { ++hub->counters.deadlines; }}) {}

  bool has_room();
  std::chrono::milliseconds patience() const;
  void on_accepted(tcp_acceptor::socket connection, std::string address);
  void on_spoken(tcp_acceptor::socket connection, half_open_places::place place);

  std::shared_ptr<wire_hub> hub;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  tcp_acceptor acceptor;
  silent_connections silent;
  live_sessions<wire_session> sessions;
  bool stopped = false; ///< by whoever owns the listener
  std::vector<std::thread> threads;
};

bool wire_listener::parts::has_room() {
  const std::int64_t connections = hub->counters.half_open + hub->counters.sessions;
  if (!hub->half_open.is_full() && connections < static_cast<std::int64_t>(hub->options.connections))
    return true;
  ++hub->counters.accept_pauses;
  return false;
}

std::chrono::milliseconds wire_listener::parts::patience() const {
  const wire_listener_options& o = hub->options;
  return hub->half_open.is_crowded() ? std::min(o.silence, o.handshake) : o.handshake;
}

void wire_listener::parts::on_accepted(tcp_acceptor::socket connection, std::string address) {
  ++hub->counters.accepted_connections;
  if (auto place = hub->half_open.enter(std::move(address)))
    silent.add(std::move(connection), std::move(place));
  else
    ++hub->counters.refused_by_address;
}

void wire_listener::parts::on_spoken(tcp_acceptor::socket connection, half_open_places::place place) {
  const auto tls = hub->around.tls();
  // By itself: what is forgotten late would keep the whole session's memory otherwise.
  const std::shared_ptr<wire_session> session(
    new wire_session(hub, std::move(connection), asio::make_strand(hub->io), *tls, std::move(place)));
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
    p.silent.close();
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
