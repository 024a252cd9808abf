#pragma once

#include "twins/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace boost::asio::ssl {
class context;
}
struct ssl_st;

namespace gridtwin {

/// How TLS is to be spoken from now on; asked for each connection, so that certificates may be renewed.
using tls_function = std::function<std::shared_ptr<boost::asio::ssl::context>()>;
/// Whether the peer of a connection would still be let in. Error: why not. It may be asked of any connection at any
/// time after its handshake, by one thread at a time.
using belief_function = std::function<result<void>(const ssl_st& connection)>;
/// Why the peer of a connection was not let in; empty where the one who set up TLS does not know.
using complaint_function = std::function<std::string(const ssl_st& connection)>;

/// Somebody did not get what it wanted. Nothing of it was taken.
struct edge_refusal {
  enum class kind : std::uint8_t {
    handshake, ///< no TLS, or no certificate that is believed
    identity,  ///< a certificate that is believed, of nobody who may come
    session,   ///< ended: its peer is not believed any more, or broke the protocol
    meters     ///< readings of a meter that is another's
  };
  kind what = kind::handshake;
  std::string address;
  std::string identity;    ///< proved; empty before it was
  std::string reason;      ///< may have text of the peer's
  std::uint64_t count = 1; ///< of readings, or 1
};
/// Is told of each, from any thread of a listener; must not block.
using refusal_function = std::function<void(edge_refusal&&)>;

} // namespace gridtwin
