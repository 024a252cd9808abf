#pragma once

#include "src/gate/submission.hpp"
#include "src/listener/edge_refusal.hpp"
#include "src/listener/rate_bucket.hpp"
#include "src/wire/server_conversation.hpp"
#include "src/wire/wire_counters.hpp"
#include "twins/result.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

struct x509_st;

namespace gridtwin {

/// What a listener goes by. Each bound holds by itself.
struct wire_listener_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0; ///< 0: one that is free
  unsigned threads = 1;

  std::chrono::milliseconds handshake{5'000}; ///< to a first byte, and from there to the end of TLS's handshake
  std::chrono::milliseconds silence{1'000};   ///< to a first byte, while more than half of `half_open` are there
  std::chrono::milliseconds hello{5'000};     ///< from there to a whole hello
  std::chrono::milliseconds frame{10'000};    ///< from a frame's first byte to its last
  std::chrono::milliseconds idle{120'000};    ///< without a byte and with nothing unanswered
  std::chrono::milliseconds write{30'000};    ///< for what a peer does not take off the wire
  std::chrono::milliseconds stop{10'000};     ///< for what is unanswered when the listener stops

  std::size_t half_open = 1024;          ///< connections that are not welcomed yet; then new ones wait to be accepted
  std::size_t half_open_of_address = 64; ///< of one address; then new ones are closed
  std::size_t connections = 16'384;      ///< in all; then new ones wait to be accepted

  session_credit credit;
  rate_limit rate{4'000'000, 16'000'000}; ///< readings of an identity; at once at least a batch
};

/// Who a trusted certificate is of. Error: it names nobody who may come, for a reason that the node's operator is told.
using identity_function = std::function<result<std::string>(const x509_st& certificate)>;

/// The program's side of the framed protocol (`gridtwin.proto`): accepts connections, tells who they are of, and offers
/// what they send to a gate. Has threads of its own.
class wire_listener {
public:
  struct surroundings {
    submission_gate& gate; ///< outlives the listener, and all of its answers
    tls_function tls;
    identity_function identify;
    may_speak_function may_speak;
    std::function<std::int64_t()> now_us; ///< of a clock that never goes back
    belief_function believes{};           ///< nothing: for good
    complaint_function complaint{};       ///< nothing: what OpenSSL says is all that is known
    refusal_function refused{};           ///< nothing: refusals are counted
  };

  /// Begins to listen. Error: `errc::usage` where the address cannot be bound.
  static result<std::unique_ptr<wire_listener>> open(surroundings s, const wire_listener_options& options);

  /// Stops, where nobody did.
  ~wire_listener();
  wire_listener(const wire_listener&) = delete;
  wire_listener& operator=(const wire_listener&) = delete;

  std::uint16_t port() const noexcept;
  const wire_counters& counters() const noexcept;

  /// Ends the live sessions of such identities, after a goodbye. How many.
  std::size_t end_sessions(const std::function<bool(std::string_view identity)>& such, goodbye_reason reason);

  /// Asks of each connection that has shown its certificate whether its peer is still believed, and ends it where it is
  /// not. From any thread; returns before it is done.
  void ask_again();

  /// Accepts nothing more, answers what is unanswered, says goodbye, closes. Returns when it is done or its time is up.
  void stop();

private:
  struct parts;
  explicit wire_listener(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

} // namespace gridtwin
