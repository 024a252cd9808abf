#pragma once

#include "src/api/http_listener.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace gridtwin {

/// How many of each there are, up to so many. From any thread.
template <class Key>
class bounded_counts {
public:
  explicit bounded_counts(std::size_t most) : most_(most) {}

  /// False: there are as many of it as there may be.
  bool enter(const Key& key) {
    const std::lock_guard lock(mutex_);
    std::size_t& count = counts_[key];
    if (count >= most_)
      return false;
    ++count;
    return true;
  }
  void leave(const Key& key) {
    const std::lock_guard lock(mutex_);
    if (const auto at = counts_.find(key); at != counts_.end() && --at->second == 0)
      counts_.erase(at);
  }

private:
  const std::size_t most_;
  std::mutex mutex_;
  std::map<Key, std::size_t> counts_;
};

/// What the connections of a listener share. Each holds it, so it outlives them all.
struct http_hub {
  explicit http_hub(http_listener::surroundings s);

  boost::asio::io_context io;
  boost::asio::thread_pool makers; ///< of answers
  http_listener::surroundings around;
  http_counters& counters;
  bounded_counts<peer_identity> identities; ///< connections of each
  bounded_counts<std::string> half_open;    ///< of each address: connections whose handshake is not done
};

/// One connection, from its acceptance to its end.
class http_session {
public:
  virtual ~http_session() = default;

  // From any thread.
  virtual void start() = 0;
  virtual void recheck(const std::function<bool(const peer_identity&, const ssl_st&)>& may_stay) = 0;
  virtual void close() = 0;
};

/// `address` has entered those that are half-open. `full`: there are too many already; it is told so and closed.
std::shared_ptr<http_session> make_http_session(std::shared_ptr<http_hub> hub, boost::asio::ip::tcp::socket connection,
                                                std::string address, bool full);

} // namespace gridtwin
