#pragma once

#include "src/api/http_listener.hpp"
#include "src/api/http_places.hpp"
#include "src/listener/half_open_places.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace gridtwin {

/// What the connections of a listener share. Each holds it, so it outlives them all.
struct http_hub {
  http_hub(http_listener::surroundings s, const http_listener::options& o);

  boost::asio::io_context io;
  boost::asio::thread_pool makers; ///< of answers
  http_listener::surroundings around;
  http_counters& counters;
  http_places places;
  half_open_places half_open;           ///< of connections whose handshake is not done
  std::atomic<std::size_t> refusing{0}; ///< connections that are told that there is no place for them
};

/// One connection, from its first byte to its end.
class http_session {
public:
  virtual ~http_session() = default;

  // From any thread.
  virtual void start() = 0;
  virtual void ask_again() = 0;
  virtual void close() = 0;
};

std::shared_ptr<http_session> make_http_session(std::shared_ptr<http_hub> hub, boost::asio::ip::tcp::socket connection,
                                                half_open_places::place place);

} // namespace gridtwin
