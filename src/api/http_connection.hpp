#pragma once

#include "src/api/http_session.hpp"
#include "src/listener/edge_refusal.hpp"

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace gridtwin {

/// Who is at the other end of a connection, whether it may be here and has a place, and how the connection ends. What
/// is said on it is whose that derives from this. Everything happens on its strand.
class http_connection : public http_session, public std::enable_shared_from_this<http_connection> {
public:
  using error_code = boost::system::error_code;

  http_connection(std::shared_ptr<http_hub> hub, boost::asio::ip::tcp::socket connection,
                  boost::asio::ssl::context& tls, half_open_places::place place);
  ~http_connection() override;
  http_connection(const http_connection&) = delete;
  http_connection& operator=(const http_connection&) = delete;

  void start() final;
  void ask_again() final;
  void close() final;

protected:
  /// Its peer is proved, may be here and has a place.
  virtual void entered() = 0;
  /// There is no place for it; it is to be told so.
  virtual void has_no_place() = 0;

  auto strand() { return stream_.get_executor(); }
  void limit(std::chrono::milliseconds time);
  void no_limit();

  /// Whether the peer may still be here; where not, that is told and the connection ends.
  bool is_still_admitted();
  /// Counts why a connection ends, and ends it.
  void fail(const error_code& failure);
  void end();
  /// Tells the client that nothing more comes.
  void shut_down();

  std::shared_ptr<http_hub> hub_;
  boost::beast::ssl_stream<boost::beast::tcp_stream> stream_;
  boost::asio::steady_timer timer_;
  peer_identity peer_;
  bool closed_ = false;

private:
  void on_handshake(const error_code& failure);
  bool identify();
  void take_place();
  void refuse(edge_refusal::kind what, std::string reason);
  void tell_of_failed_handshake(const error_code& failure);

  std::string address_;
  half_open_places::place place_; ///< until its handshake is done
  bool entered_ = false;          ///< it has a place
  bool refusing_ = false;         ///< it has none, and is told so
};

} // namespace gridtwin
