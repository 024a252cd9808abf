#include "src/api/http_connection.hpp"

#include "src/api/api_bounds.hpp"
#include "src/security/tls_context.hpp"

#include <boost/asio/post.hpp>
#include <openssl/ssl.h>

#include <utility>

namespace gridtwin {

namespace asio = boost::asio;
namespace beast = boost::beast;

http_connection::http_connection(std::shared_ptr<http_hub> hub, asio::ip::tcp::socket connection,
                                 asio::ssl::context& tls, half_open_places::place place)
  : hub_(std::move(hub)), stream_(beast::tcp_stream(std::move(connection)), tls), timer_(stream_.get_executor()),
    address_(*place), place_(std::move(place)) {
  ++hub_->counters.connections;
}

http_connection::~http_connection() {
  if (entered_)
    hub_->places.leave(peer_);
  if (refusing_)
    --hub_->refusing;
  --hub_->counters.connections;
}

void http_connection::start() {
  asio::post(strand(), [self = shared_from_this()] {
    self->limit(api_bounds::handshake);
    self->stream_.async_handshake(asio::ssl::stream_base::server,
                                  [self](const error_code& result) { self->on_handshake(result); });
  });
}

void http_connection::ask_again() {
  asio::post(strand(), [self = shared_from_this()] {
    if (self->closed_ || !self->entered_)
      return;
    const auto believed = self->hub_->around.believes(*self->stream_.native_handle());
    if (believed)
      return;
    ++self->hub_->counters.ended;
    self->refuse(edge_refusal::kind::session, believed.failure().message);
    self->end();
  });
}

void http_connection::close() {
  asio::post(strand(), [self = shared_from_this()] { self->end(); });
}

void http_connection::limit(std::chrono::milliseconds time) { beast::get_lowest_layer(stream_).expires_after(time); }
void http_connection::no_limit() { beast::get_lowest_layer(stream_).expires_never(); }

bool http_connection::is_still_admitted() {
  if (hub_->around.admits(peer_))
    return true;
  ++hub_->counters.ended;
  refuse(edge_refusal::kind::session, "the policy does not let it in any more");
  end();
  return false;
}

void http_connection::fail(const error_code& failure) {
  if (!closed_ && failure == beast::error::timeout)
    ++hub_->counters.deadlines;
  end();
}

void http_connection::end() {
  closed_ = true;
  place_.reset();
  timer_.cancel();
  beast::get_lowest_layer(stream_).close();
}

void http_connection::shut_down() {
  stream_.async_shutdown([self = shared_from_this()](const error_code&) { self->end(); });
}

void http_connection::refuse(edge_refusal::kind what, std::string reason) {
  hub_->around.refused({what, address_, entered_ ? to_string(peer_) : std::string(), std::move(reason), 1});
}

/// A peer that went away by itself was not refused, nor was one that the listener closed.
void http_connection::tell_of_failed_handshake(const error_code& failure) {
  std::string reason = hub_->around.complaint(*stream_.native_handle());
  if (reason.empty() && failure.category() == asio::error::get_ssl_category())
    reason = failure.message();
  if (!reason.empty())
    refuse(edge_refusal::kind::handshake, std::move(reason));
}

void http_connection::on_handshake(const error_code& failure) {
  if (closed_)
    return;
  place_.reset();
  if (failure) {
    ++hub_->counters.failed_handshakes;
    tell_of_failed_handshake(failure);
    fail(failure);
  } else if (identify()) {
    take_place();
  } else {
    end();
  }
}

/// The context that came in ought to have seen to the first; a connection without it must never be.
bool http_connection::identify() {
  SSL* const tls = stream_.native_handle();
  if (SSL_get_verify_result(tls) != X509_V_OK || SSL_version(tls) != TLS1_3_VERSION) {
    ++hub_->counters.failed_handshakes;
    refuse(edge_refusal::kind::handshake, "no TLS 1.3 with a certificate that is believed");
    return false;
  }
  const auto peer = peer_of(tls);
  if (!peer || !hub_->around.admits(*peer)) {
    ++hub_->counters.refused_identities;
    refuse(edge_refusal::kind::identity, peer ? "the policy does not let it in" : peer.failure().message);
    return false;
  }
  // What is believed may have changed since it was looked at, and only who has a place was asked again.
  if (SSL_get_SSL_CTX(tls) != hub_->around.tls()->native_handle())
    if (const auto believed = hub_->around.believes(*tls); !believed) {
      ++hub_->counters.ended;
      refuse(edge_refusal::kind::handshake, believed.failure().message);
      return false;
    }
  peer_ = *peer;
  return true;
}

/// Those that are told that there is none hold a connection meanwhile; where there are many of them the others are
/// closed without a word.
void http_connection::take_place() {
  entered_ = hub_->places.enter(peer_);
  if (entered_) {
    entered();
    return;
  }
  ++hub_->counters.refused_full;
  refusing_ = true;
  if (++hub_->refusing > api_bounds::refused_at_once)
    end();
  else
    has_no_place();
}

} // namespace gridtwin
