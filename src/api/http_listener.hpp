#pragma once

#include "src/api/http_message.hpp"
#include "src/api/http_places.hpp"
#include "src/listener/edge_refusal.hpp"
#include "twins/result.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace gridtwin {

/// What a listener has seen since it began. Any thread may read it at any time.
struct http_counters {
  using count = std::atomic<std::uint64_t>;

  count accepted_connections{0};
  count failed_handshakes{0}; ///< no TLS 1.3, or no certificate that is believed
  count refused_identities{0};
  count refused_by_address{0}; ///< too many half-open connections of one address
  count refused_full{0};       ///< too many connections, of their kind or of their identity
  count deadlines{0};          ///< connections cut because they were too slow
  count malformed{0};          ///< requests that are none, or too large
  count ended{0};              ///< connections of identities that may come no more
  count requests{0};
  count limited{0};                         ///< requests beyond their identity's rate
  count bytes_out{0};                       ///< of bodies
  std::atomic<std::int64_t> connections{0}; ///< now
  std::atomic<std::int64_t> half_open{0};   ///< those whose handshake is not done, now
};

/// HTTP/1.1 over TLS with certificates on both ends: accepts connections, tells whom they are of, and answers their
/// requests one after the other. Has threads of its own: some move bytes, some make answers. A body that is made while
/// it is sent is asked for a piece when the one before has been taken off the wire, so a client that is slow holds its
/// own connection and nothing else. Those who bring and those who read have places of their own, each identity a rate.
class http_listener {
public:
  struct surroundings {
    tls_function tls;
    /// Whether an identity may be here; asked at the handshake, before each request and before each piece of a body.
    std::function<bool(const peer_identity&)> admits;
    http_handler handle;
    /// Bytes that the body of a request to a target may have, at most `api_bounds::most_body_bytes`.
    std::function<std::size_t(std::string_view target)> body_limit;
    std::shared_ptr<http_counters> counters; ///< whoever makes answers may show them
    std::function<std::int64_t()> now_us;    ///< of a clock that never goes back
    belief_function believes;
    complaint_function complaint;
    refusal_function refused; ///< of requests it is told by who makes answers
  };
  struct options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0; ///< 0: one that is free
    http_budget readers;    ///< whoever is no head-end
    http_budget head_ends;
  };

  /// Begins to listen. Error: `errc::usage` where the address cannot be bound.
  static result<std::unique_ptr<http_listener>> open(surroundings s, const options& o);

  /// Stops, where nobody did.
  ~http_listener();
  http_listener(const http_listener&) = delete;
  http_listener& operator=(const http_listener&) = delete;

  std::uint16_t port() const noexcept;

  /// Asks of each connection whether its peer is still believed, and ends those where it is not: when certificates,
  /// lists or the policy have changed. From any thread; does not wait.
  void ask_again();

  /// Accepts nothing more and ends all connections; returns when no answer is being made any more.
  void stop();

private:
  struct parts;
  explicit http_listener(std::unique_ptr<parts> p);
  std::unique_ptr<parts> parts_;
};

} // namespace gridtwin
