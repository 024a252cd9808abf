#pragma once

#include "src/listener/half_open_places.hpp"
#include "src/wire/frame_codec.hpp"
#include "src/wire/server_conversation.hpp"
#include "src/wire/session_registry.hpp"
#include "src/wire/wire_listener.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace gridtwin {

class wire_session;

/// What the sessions of a listener share. Each holds it, so it outlives them all, and whatever the gate still has.
struct wire_hub {
  wire_hub(wire_listener::surroundings s, const wire_listener_options& o)
    : around(std::move(s)), options(o), registry(o.rate),
      half_open(o.half_open_of_address, o.half_open, counters.half_open) {}

  boost::asio::io_context io;
  wire_listener::surroundings around;
  wire_listener_options options;
  wire_counters counters;
  session_registry registry;
  half_open_places half_open; ///< of connections that are not welcomed yet
};

/// One connection, from its first byte to its end. Everything happens on its strand.
class wire_session : public std::enable_shared_from_this<wire_session> {
public:
  using executor = boost::asio::strand<boost::asio::io_context::executor_type>;
  using socket = boost::asio::ip::tcp::socket;

  wire_session(std::shared_ptr<wire_hub> hub, socket connection, executor on, boost::asio::ssl::context& tls,
               half_open_places::place place);
  ~wire_session();
  wire_session(const wire_session&) = delete;
  wire_session& operator=(const wire_session&) = delete;

  // From any thread.
  void start();
  /// Answers what is unanswered, then says goodbye.
  void stop();
  void end(goodbye_reason reason);
  void ask_again();
  void close_at_once();

private:
  enum class phase : std::uint8_t { handshake, hello, open, closing, closed };

  void on_handshake(const boost::system::error_code& failure);
  void tell_of_failed_handshake(const boost::system::error_code& failure);
  void refuse(edge_refusal::kind what, std::string reason, std::uint64_t count = 1);
  bool is_still_believed();
  bool identify(std::string& identity);
  void begin_conversation(std::string identity);
  void read();
  void on_read(std::size_t size, bool good);
  void take(std::string_view bytes);
  void on_welcomed();
  void on_answers(server_conversation::ticket t, const std::vector<submission_answer>& answers);
  void act(server_conversation::then what);
  void flush();
  void on_written(bool good);
  void shut_down();
  void close();
  void settle();
  void tick();
  bool is_too_slow(std::int64_t now_us) const;

  std::shared_ptr<wire_hub> hub_;
  executor strand_;
  boost::asio::ssl::stream<socket> stream_;
  boost::asio::steady_timer timer_;
  std::string address_;
  half_open_places::place place_; ///< until it is welcomed
  phase phase_ = phase::handshake;
  bool reading_ = false;
  bool shutting_down_ = false;
  bool stop_asked_ = false;
  std::uint64_t number_ = 0; ///< in the registry; 0: not welcomed
  std::int64_t phase_began_us_ = 0;
  std::int64_t last_byte_us_ = 0;
  std::int64_t frame_began_us_ = 0;
  std::int64_t write_began_us_ = 0;
  frame_reader reader_;
  std::optional<server_conversation> conversation_;
  std::string out_;                  ///< to be sent
  std::string writing_;              ///< being sent
  std::array<char, 16384> buffer_{}; ///< a record of TLS
};

} // namespace gridtwin
