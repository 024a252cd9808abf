#include "src/api/http_listener.hpp"

#include "src/api/api_bounds.hpp"
#include "src/api/http_session.hpp"
#include "src/listener/live_sessions.hpp"
#include "src/listener/silent_connections.hpp"
#include "src/listener/tcp_acceptor.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <thread>
#include <utility>
#include <vector>

namespace gridtwin {

namespace asio = boost::asio;

http_hub::http_hub(http_listener::surroundings s, const http_listener::options& o)
  : makers(api_bounds::store_threads), around(std::move(s)), counters(*around.counters), places(o.readers, o.head_ends),
    half_open(api_bounds::half_open_of_address, api_bounds::half_open, counters.half_open) {}

struct http_listener::parts {
  parts(surroundings s, const options& o)
    : hub(std::make_shared<http_hub>(std::move(s), o)), work(asio::make_work_guard(hub->io)),
      acceptor(hub->io, {[this] { return !hub->half_open.is_full(); },
                         [this](tcp_acceptor::socket connection, std::string address) {
                           on_accepted(std::move(connection), std::move(address));
                         }}),
      silent(acceptor.strand(),
             {[this] { return hub->half_open.is_crowded() ? api_bounds::crowded_silence : api_bounds::handshake; },
              hub->around.now_us,
              [this](tcp_acceptor::socket connection, half_open_places::place place) {
                on_spoken(std::move(connection), std::move(place));
              },
              [this] { ++hub->counters.deadlines; }}) {}

  void on_accepted(tcp_acceptor::socket connection, std::string address);
  void on_spoken(tcp_acceptor::socket connection, half_open_places::place place);

  std::shared_ptr<http_hub> hub;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  tcp_acceptor acceptor;
  silent_connections silent;
  live_sessions<http_session> sessions;
  bool stopped = false; ///< by whoever owns the listener
  std::vector<std::thread> threads;
};

void http_listener::parts::on_accepted(tcp_acceptor::socket connection, std::string address) {
  ++hub->counters.accepted_connections;
  if (auto place = hub->half_open.enter(std::move(address)))
    silent.add(std::move(connection), std::move(place));
  else
    ++hub->counters.refused_by_address;
}

void http_listener::parts::on_spoken(tcp_acceptor::socket connection, half_open_places::place place) {
  const auto session = make_http_session(hub, std::move(connection), std::move(place));
  sessions.add(session);
  session->start();
}

result<std::unique_ptr<http_listener>> http_listener::open(surroundings s, const options& o) {
  auto p = std::make_unique<parts>(std::move(s), o);
  if (auto bound = p->acceptor.bind(o.address, o.port); !bound)
    return bound.failure();
  p->acceptor.start();
  for (unsigned i = 0; i < api_bounds::network_threads; ++i)
    p->threads.emplace_back([io = &p->hub->io] { io->run(); });
  return std::unique_ptr<http_listener>(new http_listener(std::move(p)));
}

http_listener::http_listener(std::unique_ptr<parts> p) : parts_(std::move(p)) {}
http_listener::~http_listener() { stop(); }

std::uint16_t http_listener::port() const noexcept { return parts_->acceptor.port(); }

void http_listener::ask_again() {
  for (const auto& session : parts_->sessions.all())
    session->ask_again();
}

void http_listener::stop() {
  parts& p = *parts_;
  if (std::exchange(p.stopped, true))
    return;
  p.acceptor.stop([&p] {
    p.silent.close();
    for (const auto& session : p.sessions.all())
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
